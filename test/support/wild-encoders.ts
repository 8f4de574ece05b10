import { existsSync, readdirSync } from 'node:fs';
import { toHalf } from '../../src/base/half.ts';
import { mul, reduceSum } from '../../src/graph/functions.ts';
import { gradients } from '../../src/graph/gradients.ts';
import { elements, type Value } from '../../src/graph/graph.ts';
import { parseOnnx } from '../../src/graph/import/parse.ts';
import { createGraph } from '../../src/graph/ops/index.ts';
import { writeOnnx } from '../../src/graph/write-onnx.ts';
import { type OnnxConfig, onnx } from '../../src/model/encoders/onnx.ts';
import { imageInput, prepared } from '../../src/model/encoders/onnx-input.ts';
import { Scope } from '../../src/model/scope.ts';
import { randoms } from './random.ts';

// biome-ignore lint/suspicious/noExplicitAny: the oracle is an optional module, loaded without its types.
const ort: any = await import('onnxruntime-node');

/** The .onnx files in a folder, by their paths in it. */
export const filesIn = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.onnx'))
        .sort()
    : [];

/** What reading a file for training gives, compared with ONNX Runtime on the file itself and with central differences. */
export interface Reading {
  readonly parameters: number;
  /** The largest difference of an embedding's element from ONNX Runtime's, relative to the largest element. */
  readonly difference: number;
  /** The mean slope along a line through the weights, by the gradient at points of it, and by the values at its ends. */
  readonly slope: readonly [rule: number, differences: number];
}

/** Places and weights of Gauss and Legendre's rule of eight points on −1 … 1, one side. */
const GAUSS = [
  [0.1834346424956498, 0.362683783378362],
  [0.525532409916329, 0.3137066458778873],
  [0.7966664774136267, 0.2223810344533745],
  [0.9602898564975363, 0.1012285362903763],
] as const;

/** @throws BagsslError where the file is refused */
export async function reading(
  model: Uint8Array,
  batch: number,
  { size, output }: Pick<OnnxConfig, 'size' | 'output'> = {},
): Promise<Reading> {
  const [input] = parseOnnx(model, { widened: true }).inputs;
  const images = imageInput(input, size);
  const config: OnnxConfig = { kind: 'onnx', model, batchNorm: 'frozen', size, output };
  const shape = [batch, 3, images.side, images.side];
  const graph = createGraph();
  const scope = new Scope(graph);
  const patches = graph.input('patches', shape);
  const y = onnx.build(scope, config, patches);
  const r = randoms(3, elements(y.shape));
  const all = (v: Value) => reduceSum(v, [...v.shape.keys()]);
  const loss = all(mul(y, graph.constant(r, y.shape)));
  const parameters = scope.parameters.map(({ value }) => value);
  const slopes = gradients(loss, parameters);
  const state = Object.fromEntries(
    scope.parameters.map(({ spec }) => [spec.name, (spec.init as { data: Float32Array }).data]),
  );
  /** Where gradients are compared: a tensor of one number throughout, as in test files, has kinks and ties everywhere. */
  const uneven = Object.fromEntries(
    scope.parameters.map(({ spec: { name, shape } }, k) => {
      const data = state[name];
      if (shape.length < 2 || data.some((v) => v !== data[0])) return [name, data];
      const bound = Math.sqrt(6 / elements(shape.slice(1)));
      return [name, randoms(50 + k, data.length, -bound, bound)];
    }),
  );
  const bytes = input.dtype === 'uint8';
  const data = randoms(1, elements(shape), bytes ? 0 : -1, 1).map((v) => (bytes ? Math.round(v * 255) : v));
  const outputs = {
    y,
    ...Object.fromEntries(slopes.map((g, k) => [`g${k}`, g])),
    prepared: prepared(images, patches),
  };
  const session = await ort.InferenceSession.create(writeOnnx(outputs));
  const run = async (weights: Record<string, Float32Array>, wanted: readonly string[]) => {
    const feeds: Record<string, unknown> = { patches: new ort.Tensor('float32', data, shape) };
    for (const { spec } of scope.parameters)
      feeds[spec.name] = new ort.Tensor('float32', weights[spec.name], spec.shape);
    const known = Object.fromEntries(Object.entries(feeds).filter(([name]) => session.inputNames.includes(name)));
    return session.run(known, wanted);
  };
  const { y: found, prepared: pixels } = await run(state, ['y', 'prepared']);
  const gradientAt = async (weights: Record<string, Float32Array>): Promise<Float32Array[]> => {
    const found = await run(
      weights,
      slopes.map((_, k) => `g${k}`),
    );
    return slopes.map((_, k) => found[`g${k}`].data);
  };
  const dot = (a: readonly Float32Array[], b: readonly Float32Array[]) =>
    a.reduce((sum, values, k) => values.reduce((s, v, i) => s + v * b[k][i], sum), 0);
  const direction = await gradientAt(uneven);
  const norm = Math.sqrt(dot(direction, direction));
  const scale = Math.sqrt(Object.values(uneven).reduce((sum, w) => sum + w.reduce((a, v) => a + v * v, 0), 0));
  const moved = (step: number) =>
    Object.fromEntries(
      scope.parameters.map(({ spec }, k) => [
        spec.name,
        uneven[spec.name].map((v, i) => v + (step / norm) * direction[k][i]),
      ]),
    );
  const valueAt = async (step: number) => {
    const y = (await run(moved(step), ['y'])).y.data as Float32Array;
    return y.reduce((sum, v, i) => sum + v * r[i], 0);
  };
  // ∫ g·d along a line is the difference of the values at its ends, also where ReLU and pooling have kinks on the way: a difference
  // over a short way meets few of them and much rounding, over a long one the slope has changed.
  const end = 5e-5 * scale;
  let mean = 0;
  for (const [place, weight] of GAUSS)
    for (const side of [-1, 1])
      mean += (weight * dot(await gradientAt(moved(side * place * end)), direction)) / norm / 2;
  const differences = ((await valueAt(end)) - (await valueAt(-end))) / (2 * end);
  await session.release();

  const expected = output ? [...(found.data as Float32Array)] : await oracle(model, pixels, batch);
  const most = Math.max(...expected.map(Math.abs), 1e-3);
  const difference = expected.reduce((worst, v, i) => Math.max(worst, Math.abs(v - found.data[i])), 0) / most;
  return { parameters: parameters.length, difference, slope: [mean, differences] };
}

/** The embeddings by ONNX Runtime, one image after the other, of the file's first output: its mean over positions. */
async function oracle(
  model: Uint8Array,
  images: { data: Float32Array; dims: number[] },
  batch: number,
): Promise<number[]> {
  const session = await ort.InferenceSession.create(model, { logSeverityLevel: 3 });
  const [{ type }] = session.inputMetadata;
  const one = images.data.length / batch;
  const rows: number[] = [];
  for (let b = 0; b < batch; b++) {
    const part = images.data.slice(b * one, (b + 1) * one);
    const data = type === 'uint8' ? Uint8Array.from(part) : type === 'float16' ? halves(part) : part;
    const feeds = { [session.inputNames[0]]: new ort.Tensor(type, data, [1, ...images.dims.slice(1)]) };
    const y = (await session.run(feeds))[session.outputNames[0]];
    const values = Array.from(y.data as Float32Array, Number);
    const [, width, ...rest] = y.dims as number[];
    // [rows, columns, channels] of square images has two extents alike in front.
    if (rest.length === 2 && width === rest[0] && rest[0] !== rest[1]) {
      for (let c = 0; c < rest[1]; c++)
        rows.push(values.reduce((sum, v, i) => (i % rest[1] === c ? sum + v : sum), 0) / (width * rest[0]));
    } else if (rest.length === 0) rows.push(...values);
    // [width, rows, columns] by channel; [tokens, width] by token.
    else if (rest.length === 2) {
      const count = elements(rest);
      for (let c = 0; c < width; c++)
        rows.push(values.slice(c * count, (c + 1) * count).reduce((a, v) => a + v, 0) / count);
    } else {
      for (let c = 0; c < rest[0]; c++) {
        let sum = 0;
        for (let t = 0; t < width; t++) sum += values[t * rest[0] + c];
        rows.push(sum / width);
      }
    }
  }
  await session.release();
  return rows;
}

const halves = (values: Float32Array) => {
  const Half = (globalThis as unknown as { Float16Array?: { from(v: Iterable<number>): ArrayLike<number> } })
    .Float16Array;
  return Half ? Half.from(values) : toHalf(values);
};
