import { readFileSync } from 'node:fs';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { mul, reduceMean, scale, sub } from '../../src/graph/functions.ts';
import { gradients } from '../../src/graph/gradients.ts';
import type { Shape, Value } from '../../src/graph/graph.ts';
import { elements } from '../../src/graph/graph.ts';
import { createGraph } from '../../src/graph/ops/index.ts';
import { writeOnnx } from '../../src/graph/write-onnx.ts';
import { allEncoderKinds } from '../../src/model/all-encoder-kinds.ts';
import { encode } from '../../src/model/encoder.ts';
import type { OnnxConfig } from '../../src/model/encoders/onnx.ts';
import { Scope } from '../../src/model/scope.ts';
import { type DeviceChoice, Runtime } from '../../src/runtime.ts';
import { rule } from './golden.ts';

/** What PyTorch computes with a network it exported: ../golden/own-encoders.py. */
export interface OwnEncoder {
  file: string;
  batchNorm: 'train' | 'frozen';
  size: number;
  batch: number;
  rate: number;
  /** By the file's name of a tensor without data: the rule's number, PyTorch's name where it differs, and its orientation. */
  weights: Record<string, { k: number; name?: string; transposed?: boolean }>;
  /** The numbers of tensors that have their data in the file. */
  numbers: Record<string, number>;
  evaluated: number[];
  trained: number[];
  /** Length, component along rule(3000 + k), and the first elements. */
  gradients: Record<string, number[]>;
  /** Length and sum after one step. */
  statistics: Record<string, [number, number]>;
  /** Before each of three steps and after them. */
  losses: number[];
}

export const ownEncoders: OwnEncoder[] = JSON.parse(readFileSync('test/golden/own-encoders.json', 'utf8'));

/** As in ../golden/own-encoders.py. */
function start(name: string, k: number, shape: Shape): Float32Array {
  const r = rule(k, shape);
  if (name.endsWith('running_var')) return Float32Array.from(r, (v) => 1 + 0.3 * v);
  if (shape.length === 1) return Float32Array.from(r, (v) => (name.endsWith('weight') ? 1 + 0.2 * v : 0.2 * v));
  const bound = Math.sqrt(6 / elements(shape.slice(1)));
  return Float32Array.from(r, (v) => v * bound);
}

/** The exported file, its weights put back. */
export function ownModel({ file, weights }: OwnEncoder): Uint8Array {
  const model = fromBinary(ModelProtoSchema, readFileSync(`test/golden/own-encoders/${file}.onnx`));
  for (const tensor of model.graph!.initializer) {
    const known = weights[tensor.name];
    if (!known) continue;
    const { k, name = tensor.name, transposed = false } = known;
    const shape = tensor.dims.map(Number);
    const plain = start(name, k, transposed ? shape.toReversed() : shape);
    const data = transposed ? plain.map((_, i) => plain[(i % shape[1]) * shape[0] + Math.floor(i / shape[1])]) : plain;
    tensor.rawData = new Uint8Array(data.buffer as ArrayBuffer);
  }
  return toBinary(ModelProtoSchema, model);
}

export const ownConfig = (own: OwnEncoder): OnnxConfig => ({
  kind: 'onnx',
  model: ownModel(own),
  batchNorm: own.batchNorm,
});

/** The embedding of an encoder, its mean square distance to rule(2000), and what a step of SGD makes of every tensor. */
export function sgdGraph(own: OwnEncoder) {
  const shape = [own.batch, 3, own.size, own.size];
  const graph = createGraph();
  const scope = new Scope(graph);
  const embedding = encode(scope, ownConfig(own), graph.input('patches', shape), allEncoderKinds);
  const target = graph.constant(Float32Array.from(rule(2000, embedding.shape)), embedding.shape);
  const gap = sub(embedding, target);
  const loss = reduceMean(mul(gap, gap), [0, 1]);
  const slopes = gradients(
    loss,
    scope.parameters.map(({ value }) => value),
  );
  const outputs: Record<string, Value> = { embedding, loss };
  const state: Record<string, Float32Array> = {};
  scope.parameters.forEach(({ spec, value }, k) => {
    outputs[`${spec.name}.slope`] = slopes[k];
    outputs[`${spec.name}.next`] = sub(value, scale(slopes[k], own.rate));
  });
  for (const { spec, next, value } of scope.statistics) outputs[`${spec.name}.next`] = next ?? value;
  for (const { spec } of [...scope.parameters, ...scope.statistics]) {
    if ('data' in spec.init) state[spec.name] = spec.init.data;
  }
  return { scope, outputs, state, patches: Float32Array.from(rule(1000, shape)), shape };
}

/** The losses of three steps of SGD on a device. */
export async function sgdLosses(own: OwnEncoder, device: DeviceChoice): Promise<number[]> {
  const { scope, outputs, state, patches, shape } = sgdGraph(own);
  const runtime = await Runtime.open({ device, threads: 1 });
  const program = await runtime.compile(writeOnnx(outputs));
  const shapes = new Map([...scope.parameters, ...scope.statistics].map(({ spec }) => [spec.name, spec.shape]));
  const wanted = ['loss', ...[...shapes.keys()].map((name) => `${name}.next`)];
  const losses: number[] = [];
  try {
    for (let step = 0; step < own.losses.length; step++) {
      const feeds = Object.entries(state).map(([name, data]) => [name, { data, shape: shapes.get(name)! }] as const);
      const found = await program.run(
        Object.fromEntries([
          ['patches', { data: patches, shape }],
          ...feeds.filter(([name]) => program.session.inputNames.includes(name)),
        ]),
        wanted,
      );
      losses.push(found.loss[0]);
      for (const name of shapes.keys()) state[name] = found[`${name}.next`];
    }
  } finally {
    await program.dispose();
  }
  return losses;
}
