/**
 * Ways to compute one and the same convolution:
 * `direct`: the ONNX node as it stands;
 * `transposed`: at stride 1, as ConvTranspose with the kernel turned by half a turn, which engines run more plainly;
 * `columns`: every window of all images laid out as a row of a matrix, then matrix products (im2col);
 * `tiles`: 3×3 taps at stride 1 by Winograd's algorithm on tiles of 2×2.
 */
export type ConvolutionForm = 'direct' | 'transposed' | 'columns' | 'tiles';

/**
 * A matrix product as MatMul, or as Gemm with its second operand transposed: then both run along memory, which a program that
 * imitates a GPU does twice as fast.
 */
export type ProductForm = 'matmul' | 'gemm';

/** Which form an engine is given. Lists are in order of preference: the first that a node allows is taken. */
export interface Forms {
  /** Convolutions with at most so many output positions an image are of `smallImages`, the others of `largeImages`. */
  readonly smallest: number;
  readonly smallImages: readonly ConvolutionForm[];
  readonly largeImages: readonly ConvolutionForm[];
  /** Convolutions of a single image: what kernel gradients are written as (see ops/convolution.ts). */
  readonly oneImage: readonly ConvolutionForm[];
  /** The share of products at the border, which columns leave out, from which those are by columns too; absent: as listed. */
  readonly border?: number;
  /**
   * What columns do with the zeros around an image: leave them out, with a product for every region that sees the same taps, or
   * multiply them in one larger product.
   */
  readonly zeros: 'skipped' | 'multiplied';
  /** Convolutions by constants, as a trained encoder's are; absent: as the others. */
  readonly constantKernels?: readonly ConvolutionForm[];
  /** ConvTranspose: gradients in the input of strided convolutions, of images of at most `smallest` positions. */
  readonly spread: readonly ('direct' | 'columns')[];
  readonly product: ProductForm;
  /** Transpose as it stands, or so that ORT's WebGPU provider sees no matrix in it (transpose-apart.ts). */
  readonly transpose: 'direct' | 'apart';
  /** Sum of many as it stands, or as Adds: WebGPU has no kernel for it, and would go through the host. */
  readonly sum: 'direct' | 'adds';
  /**
   * Relu as it stands, or as Max with 0: ORT's wasm kernel of Relu takes a branch for every element, five times as slow on
   * values of either sign. One that ORT fuses with the node before it stays.
   */
  readonly relu: 'direct' | 'max';
}

/** Everything as it stands. */
export const PLAIN: Forms = {
  smallest: 0,
  smallImages: ['direct'],
  largeImages: ['direct'],
  oneImage: ['direct'],
  zeros: 'multiplied',
  spread: ['direct'],
  product: 'matmul',
  transpose: 'direct',
  sum: 'direct',
  relu: 'direct',
};
