import { multiplyAdds } from '../src/graph/multiply-adds.ts';
import { readOnnx } from '../src/graph/read-onnx.ts';

/** Floating-point operations of a model's convolutions and matrix products: two for each multiply-add. */
export const flops = (onnx: Uint8Array): number =>
  readOnnx(onnx).graph.nodes.reduce((total, node) => total + 2 * multiplyAdds(node), 0);
