import { elements } from './elements.ts';
import type { Node } from './graph.ts';

/**
 * Multiply-adds of a node's convolution or matrix product; 0 for all others. Each output element of a convolution sums over
 * C/group·kH·kW products, of a matrix product over the inner extent; each input element of a transposed convolution meets
 * M/group·kH·kW weights.
 */
export function multiplyAdds({ operator, inputs, outputs, attributes }: Node): number {
  const [a, b] = inputs;
  const [y] = outputs;
  if (operator.type === 'Conv') return elements(y.shape) * elements(b.shape.slice(1));
  if (operator.type === 'ConvTranspose') return elements(a.shape) * elements(b.shape.slice(1));
  if (operator.type === 'MatMul') return elements(y.shape) * a.shape.at(-1)!;
  if (operator.type === 'Gemm') return elements(y.shape) * a.shape[attributes.transA === 1 ? 0 : 1];
  return 0;
}
