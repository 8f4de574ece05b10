import type { Value } from '../../src/graph/graph.ts';
import { writeOnnx } from '../../src/graph/write-onnx.ts';

// biome-ignore lint/suspicious/noExplicitAny: the oracle is an optional module, loaded without its types.
const ort: any = await import('onnxruntime-node');

/** Runs a graph on native ONNX Runtime, independent of this package's own runtime: the oracle of the graph tests. */
export async function runNative(
  outputs: Record<string, Value>,
  feeds: Record<string, Float32Array>,
): Promise<Record<string, Float32Array>> {
  const session = await ort.InferenceSession.create(writeOnnx(outputs));
  const { graph } = Object.values(outputs)[0];
  const tensors = Object.fromEntries(
    graph.inputs
      .filter(({ name }) => session.inputNames.includes(name))
      .map(({ name, shape }) => [name, new ort.Tensor('float32', feeds[name], shape)]),
  );
  const results = await session.run(tensors);
  await session.release();
  return Object.fromEntries(Object.keys(outputs).map((name) => [name, results[name].data]));
}
