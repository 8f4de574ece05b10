/**
 * Ways to compute the same convolution:
 * `direct`: the ONNX node as it is;
 * `transposed`: at stride 1, as ConvTranspose with the kernel rotated by 180°, for which engines have simpler kernels;
 * `columns`: every window of all images laid out as a row of a matrix, then matrix products (im2col);
 * `tiles`: 3×3 taps at stride 1 by Winograd's algorithm on tiles of 2×2.
 */
export type ConvolutionForm = 'direct' | 'transposed' | 'columns' | 'tiles';

/**
 * A matrix product as MatMul, or as Gemm with its second operand transposed: then both are read along memory, which software
 * that emulates a GPU does twice as fast.
 */
export type ProductForm = 'matmul' | 'gemm';

/** The forms for an engine. Lists are in order of preference: the first that a node allows is used. */
export interface Forms {
  /** Convolutions with at most this many output positions per image use `smallImages`, all others `largeImages`. */
  readonly smallest: number;
  readonly smallImages: readonly ConvolutionForm[];
  readonly largeImages: readonly ConvolutionForm[];
  /** Convolutions of a single image, such as kernel gradients (see gradients/convolution.ts). */
  readonly oneImage: readonly ConvolutionForm[];
  /** Convolutions of a single image also use columns if at least this share of their products is at the border; default: never. */
  readonly border?: number;
  /**
   * Zeros around an image, in columns: `skipped`, with one product for each region that sees the same taps, or `multiplied`, in one
   * larger product.
   */
  readonly zeros: 'skipped' | 'multiplied';
  /** Convolutions with constant kernels, such as a trained encoder's; default: like the others. */
  readonly constantKernels?: readonly ConvolutionForm[];
  /** ConvTranspose, which is the input gradient of a strided convolution, on images of at most `smallest` positions. */
  readonly spread: readonly ('direct' | 'columns')[];
  readonly product: ProductForm;
  /** Transpose as it is, or so that ORT's WebGPU provider sees no matrix in it (transpose-apart.ts). */
  readonly transpose: 'direct' | 'apart';
  /** Sum as it is, or as Adds: WebGPU has no kernel for Sum and would compute it on the host. */
  readonly sum: 'direct' | 'adds';
  /**
   * Relu as it is, or as Max with 0: ORT's wasm kernel of Relu branches for every element, which is five times as slow on
   * values of mixed sign. A Relu that ORT fuses with the node before it stays.
   */
  readonly relu: 'direct' | 'max';
}

/** Everything as it is. */
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
