/**
 * Ways to compute one and the same convolution:
 * `direct`: the ONNX node as it stands;
 * `transposed`: at stride 1, as ConvTranspose with the kernel turned by half a turn, which engines run more plainly;
 * `columns`: every window of all images laid out as a row of one matrix, then a single matrix product (im2col).
 */
export type ConvolutionForm = 'direct' | 'transposed' | 'columns';

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
  /** ConvTranspose: gradients in the input of strided convolutions, of images of at most `smallest` positions. */
  readonly spread: readonly ('direct' | 'columns')[];
  readonly product: ProductForm;
  /** Sum of many as it stands, or as Adds: WebGPU has no kernel for it, and would go through the host. */
  readonly sum: 'direct' | 'adds';
}

/** Everything as it stands. */
export const PLAIN: Forms = {
  smallest: 0,
  smallImages: ['direct'],
  largeImages: ['direct'],
  oneImage: ['direct'],
  spread: ['direct'],
  product: 'matmul',
  sum: 'direct',
};
