import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  type ModelProto,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import { fromHalf, toHalf } from '../../src/base/half.ts';
import { type BagsslError, createEmbedder, type Embedder } from '../../src/index.ts';
import type { OnnxEncoder } from '../../src/onnx-encoder/onnx-encoder.ts';
import type { Pixels } from '../../src/patches.ts';
import { relativeError } from '../support/reference.ts';

// biome-ignore lint/suspicious/noExplicitAny: the oracle is an optional module, loaded without its types.
const ort: any = await import('onnxruntime-node');

const SHARED = '../shared/onnx-wild';
const skip = !existsSync(SHARED) && `${SHARED} is not here`;
const models = (folder: string) =>
  skip
    ? []
    : readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.onnx') && (folder.endsWith('forms') || !name.startsWith('forms')))
        .sort();

/** Why a model cannot be embedded with, which is true of it. */
const REFUSED: readonly (readonly [name: RegExp, why: RegExp])[] = [
  [/DogNose|computer_devices|garbage-classification/, /keeps its weights in a second file, which cannot be read/],
];

/** An image of exactly the size that an encoder takes, so that none is resampled. */
function imageFor({ input: { rows, columns } }: OnnxEncoder): Pixels {
  const data = Uint8Array.from({ length: rows * columns * 3 }, (_, i) => (i * 7 + ((i * i) >> 5)) & 255);
  return { data, width: columns, height: rows, layout: 'rgb' };
}

/** The input's elements, from its plan, written apart from the package's own preparation. */
function tensorOf(pixels: Pixels, { input }: OnnxEncoder) {
  const { rows, columns, layout, channels, mean, std, range, type } = input;
  const colours = channels === 'grey' ? 1 : 3;
  const values = new Float32Array(rows * columns * colours);
  for (let p = 0; p < rows * columns; p++) {
    const rgb = [...pixels.data.subarray(3 * p, 3 * p + 3)];
    const grey = Math.round((rgb[0] * 299 + rgb[1] * 587 + rgb[2] * 114) / 1000);
    for (let c = 0; c < colours; c++) {
      const level = channels === 'grey' ? grey : rgb[channels === 'bgr' ? 2 - c : c];
      values[layout === 'nchw' ? c * rows * columns + p : p * colours + c] = ((level / 255) * range - mean[c]) / std[c];
    }
  }
  const dims = layout === 'nchw' ? [1, colours, rows, columns] : [1, rows, columns, colours];
  if (input.missing === 'batch') dims.shift();
  if (type === 'uint8') return new ort.Tensor(type, Uint8Array.from(values, Math.round), dims);
  return new ort.Tensor(type, type === 'float16' ? toHalf(values) : values, dims);
}

/** Without the nodes of onnxruntime-extensions, before and after a network, which takes the pixels that they would decode. */
function withoutFiles(model: ModelProto, input: string, output: string): void {
  const graph = model.graph!;
  const ended = graph.node.findIndex((node) => node.output.includes(output));
  graph.node = graph.node.slice(0, ended + 1).filter(({ domain }) => domain !== 'com.microsoft.extensions');
  // It is written for a version of ONNX Runtime that took as many parts as the node has outputs.
  for (const node of graph.node) {
    if (node.opType !== 'Split') continue;
    const count = { name: 'num_outputs', type: AttributeType.INT, i: BigInt(node.output.length) };
    node.attribute.push(create(AttributeProtoSchema, count));
  }
  const type = { value: { case: 'tensorType' as const, value: { elemType: 2, shape: { dim: [{}, {}, {}] } } } };
  graph.input = [create(ValueInfoProtoSchema, { name: input, type })];
  graph.output = [create(ValueInfoProtoSchema, { name: output })];
}

/** Brevitas' quantisers of a few signed bits as ONNX's own, which round in the same way. */
function withQuantizeLinear(model: ModelProto): void {
  const graph = model.graph!;
  const constants = new Map(
    graph.node.flatMap((n) => (n.opType === 'Constant' ? [[n.output[0], n.attribute[0].t!]] : [])),
  );
  const scalar = (name: string) => {
    const { rawData, floatData } = constants.get(name) ?? graph.initializer.find((tensor) => tensor.name === name)!;
    return floatData[0] ?? new DataView(Uint8Array.from(rawData).buffer).getFloat32(0, true);
  };
  graph.node = graph.node.flatMap((node) => {
    if (node.opType !== 'Quant') return [node];
    const [x, scale, , bits] = node.input;
    const [y] = node.output;
    const [step, most] = [scalar(scale), 2 ** (scalar(bits) - 1) - 1];
    const limits = { min: -most * step, max: most * step };
    const attribute = Object.entries(limits).map(([name, f]) =>
      create(AttributeProtoSchema, { name, f, type: AttributeType.FLOAT }),
    );
    graph.initializer.push(create(TensorProtoSchema, { name: `${y}/zero`, dataType: 3, int32Data: [0] }));
    return [
      create(NodeProtoSchema, { opType: 'Clip', input: [x], output: [`${y}/held`], attribute }),
      create(NodeProtoSchema, {
        opType: 'QuantizeLinear',
        input: [`${y}/held`, scale, `${y}/zero`],
        output: [`${y}/q`],
      }),
      create(NodeProtoSchema, { opType: 'DequantizeLinear', input: [`${y}/q`, scale, `${y}/zero`], output: [y] }),
    ];
  });
  model.opsetImport = [create(OperatorSetIdProtoSchema, { domain: '', version: 10n })];
}

/** What onnxruntime-node gives for the chosen value, with the file edited by another writer where it is no output. */
async function expected(file: string, encoder: OnnxEncoder, pixels: Pixels): Promise<Float32Array> {
  const model = fromBinary(ModelProtoSchema, readFileSync(file));
  const { name, isOutput } = encoder.output;
  if (!isOutput) model.graph!.output.push(create(ValueInfoProtoSchema, { name }));
  if (encoder.input.inside) withoutFiles(model, encoder.input.name, name);
  if (model.graph!.node.some(({ domain }) => domain === 'onnx.brevitas')) withQuantizeLinear(model);
  const names = [
    ...new Set(
      model.graph!.initializer.flatMap((t) => t.externalData.filter((e) => e.key === 'location').map((e) => e.value)),
    ),
  ];
  const externalData = names.map((path) => ({ path, data: new Uint8Array(readFileSync(join(dirname(file), path))) }));
  const options = { logSeverityLevel: 3, ...(names.length && { externalData }) };
  const session = await ort.InferenceSession.create(toBinary(ModelProtoSchema, model), options);
  const { [name]: found } = await session.run({ [encoder.input.name]: tensorOf(pixels, encoder) }, [name]);
  await session.release();
  const data: ArrayLike<number> = found.type === 'float16' ? fromHalf(found.data) : found.data;
  const [, ...each] = found.dims[0] === 1 ? found.dims : [1, ...found.dims];
  if (each.length < 2) return Float32Array.from(data);
  // Outputs lie as the input does here, and values inside have channels first; tokens have their width last.
  const isMap = each.length === 3 && (encoder.input.layout === 'nchw' || !encoder.output.isOutput);
  const width = isMap ? each[0] : each.at(-1);
  const positions = data.length / width;
  const at = (p: number, c: number) => data[isMap ? c * positions + p : p * width + c];
  return Float32Array.from({ length: width }, (_, c) => {
    let sum = 0;
    for (let p = 0; p < positions; p++) sum += at(p, c);
    return sum / positions;
  });
}

async function check(file: string): Promise<void> {
  let embedder: Embedder;
  try {
    embedder = await createEmbedder({ encoder: file, device: 'native', threads: 1, onWarning: () => {} });
  } catch (error) {
    const { code, message } = error as BagsslError;
    const known = REFUSED.find(([name]) => name.test(file));
    assert.ok(known?.[1].test(message), `${basename(file)}: ${code}: ${message}`);
    return;
  }
  try {
    const encoder = embedder.encoder as OnnxEncoder;
    const pixels = imageFor(encoder);
    const vector = await embedder.embed(pixels);
    const wanted = await expected(file, encoder, pixels);
    const tolerance = /int8|fp16|float16/.test(file) ? 1e-2 : 1e-4;
    if (process.env.SHOW) console.log(basename(file), vector.length, encoder.describe(), encoder.notes.join(' '));
    assert.equal(vector.length, embedder.width);
    assert.equal(vector.length, wanted.length);
    assert.ok(relativeError(vector, wanted) < tolerance, `${basename(file)}: ${relativeError(vector, wanted)}`);
    assert.ok(!REFUSED.some(([name]) => name.test(file)));
  } finally {
    await embedder.dispose();
  }
}

for (const [what, folder] of [
  ['models of the wild', SHARED],
  ['files of one form each', `${SHARED}/forms`],
] as const) {
  describe(`${what}, run as they are, give what onnxruntime-node gives`, { skip }, () => {
    for (const name of models(folder)) it(name.slice(0, 80), () => check(join(folder, name)));
  });
}
