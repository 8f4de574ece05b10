import { elements } from '../src/graph/elements.ts';
import type { Node } from '../src/graph/graph.ts';
import { readOnnx } from '../src/graph/read-onnx.ts';

/** Floating-point operations of a model's convolutions and matrix products: two for each multiply-add. */
export function flops(onnx: Uint8Array): number {
  return readOnnx(onnx).graph.nodes.reduce((total, node) => total + 2 * multiplyAdds(node), 0);
}

function multiplyAdds({ operator, inputs, outputs }: Node): number {
  const [a, b] = inputs;
  // Conv: each output element sums over C·kH·kW; ConvTranspose: each input element meets M·kH·kW weights.
  if (operator.type === 'Conv') return elements(outputs[0].shape) * elements(b.shape.slice(1));
  if (operator.type === 'ConvTranspose') return elements(a.shape) * elements(b.shape.slice(1));
  if (operator.type === 'MatMul') return elements(outputs[0].shape) * a.shape.at(-1)!;
  return 0;
}
