import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { captured } from '../../src/engine/capture/captured.ts';
import { LEAST, stagePlan } from '../../src/engine/capture/stage-plan.ts';
import {
  abs,
  add,
  batchNormalization,
  concat,
  conv,
  convTranspose,
  cos,
  div,
  exp,
  expand,
  flip,
  greater,
  like,
  log,
  matmul,
  max,
  min,
  mul,
  neg,
  pad,
  pow,
  reciprocal,
  reduceMax,
  reduceMean,
  reduceSum,
  reduceSumSquare,
  relu,
  reshape,
  scale,
  shift,
  sign,
  sin,
  slice,
  sqrt,
  sub,
  sum,
  transpose,
  where,
} from '../../src/graph/functions.ts';
import type { Value } from '../../src/graph/graph.ts';
import type { Outputs } from '../../src/graph/needed.ts';
import { createGraph } from '../../src/graph/ops/index.ts';
import { writeOnnx } from '../../src/graph/write-onnx.ts';
import { OPTIMIZERS, optimizerOf } from '../../src/optimizers/choice.ts';
import type { HostTensor, Program } from '../../src/runtime/program.ts';
import { nextOf, ResidentState, type StateTensor } from '../../src/runtime/resident-state.ts';
import { findAdapter, Runtime } from '../../src/runtime.ts';
import { randoms } from '../support/random.ts';
import { relativeError } from '../support/reference.ts';
import { updateRules } from '../support/update-rules.ts';

const adapter = await findAdapter();
const skip = 'none' in adapter ? `no WebGPU adapter: ${adapter.none}` : false;

const tensor = (seed: number, shape: readonly number[]): HostTensor => ({
  data: randoms(
    seed,
    shape.reduce((a, b) => a * b, 1),
  ),
  shape,
});

/** What `steps` runs leave, by kernels of our own and by ONNX Runtime on wasm. */
async function both(
  outputs: Outputs,
  feeds: Record<string, HostTensor>,
  tensors: readonly StateTensor[],
  steps: number,
  gpu: { readonly adapter?: string } = {},
) {
  const start = Object.fromEntries(
    tensors.map(({ name, shape }, k) => [name, tensor(90 + k, shape).data.map(Math.abs)]),
  );
  const found = [];
  for (const device of ['wasm', 'webgpu'] as const) {
    const runtime = await Runtime.open({ device, threads: 1 });
    const plain = () => runtime.compile(writeOnnx(outputs));
    const { head, capture } =
      device === 'webgpu' ? captured(outputs, plain, gpu, undefined, outputs) : { head: outputs, capture: undefined };
    await using program = await runtime.compile(writeOnnx(head), [], capture);
    const state = await ResidentState.create(runtime, tensors, structuredClone(start));
    const reads = Object.keys(outputs).filter((name) => !name.endsWith(nextOf('')));
    let read: Record<string, Float32Array> = {};
    for (let k = 0; k < steps; k++) read = await state.run(program, feeds, reads);
    assert.equal(program.capture !== undefined, device === 'webgpu');
    found.push({ ...read, ...(await state.read()) });
    state.dispose();
  }
  return found as [Record<string, Float32Array>, Record<string, Float32Array>];
}

const agree = ([expected, found]: Record<string, Float32Array>[]) => {
  for (const [name, values] of Object.entries(expected)) {
    assert.ok(relativeError(found[name], values) < 1e-5, `${name}: ${found[name].slice(0, 8)}; ${values.slice(0, 8)}`);
  }
};

describe('kernels of our own compute what ONNX Runtime does on wasm', { skip }, () => {
  it('node by node', async () => {
    const graph = createGraph();
    const [a, b] = [graph.input('a', [48, 20]), graph.input('b', [20, 480])];
    const flat = matmul(a, b);
    const x = reshape(flat, [6, 8, 10, 48]);
    const row = graph.constant(randoms(3, 48), [48]);
    const channels = [4, 5, 6, 7].map((seed) => graph.constant(randoms(seed, 8).map(Math.abs), [8]));
    const positive = shift(abs(x), 0.5);
    const all = x.shape.map((_, axis) => axis);
    const outputs: Record<string, Value> = {
      arithmetic: div(mul(add(x, row), sub(x, like(x, 0.25))), shift(max(min(x, row), neg(x)), 9)),
      functions: add(sqrt(positive), mul(log(positive), reciprocal(exp(neg(positive))))),
      waves: add(mul(sin(x), cos(x)), pow(positive, like(x, 1.5))),
      powers: concat(
        [2, 3, 0].map((power) => pow(x, like(x, power))),
        0,
      ),
      chosen: add(where(greater(x, row), x, neg(row)), sum([relu(x), sign(x), x])),
      moved: transpose(flip(x, [1, 3]), [3, 0, 2, 1]),
      part: slice(x, [0, 2, 3], [1, 0, 40], [5, 9, 3], [2, 3, -7]),
      padded: pad(slice(x, [3], [0], [5]), [0, 1, 0, 2], [1, 0, 3, 1], -2),
      joined: concat([slice(x, [1], [0], [2]), x, neg(x)], 1),
      repeated: expand(reduceSum(x, [1, 3], true), [6, 3, 10, 2]),
      normalised: batchNormalization(x, channels[0], channels[1], channels[2], shift(channels[3], 0.1), 1e-3),
      channelMeans: reduceMean(x, [0, 2, 3]),
      positions: reduceSum(mul(x, x), [2, 3]),
      largest: reduceMax(x, [3], true),
      columns: reduceSumSquare(flat, [0]),
      everything: reduceSum(x, all),
      rows: div(flat, sqrt(shift(reduceSumSquare(flat, [1], true), 1e-9))),
    };
    agree(await both(outputs, { a: tensor(1, [48, 20]), b: tensor(2, [20, 480]) }, [], 2));
  });

  it('product by product, on an emulated GPU', async () => {
    const graph = createGraph();
    const [x, w, t] = [graph.input('x', [3, 5, 9, 7]), graph.input('w', [11, 5, 3, 2]), graph.input('t', [5, 3, 3, 3])];
    const [a, b] = [graph.input('a', [2, 3, 10, 6]), graph.input('b', [2, 3, 6, 13])];
    const product = matmul(a, b);
    const even = { strides: [2, 2], pads: [1, 1, 1, 1], dilations: [1, 1] };
    const outputs: Record<string, Value> = {
      plain: conv(x, w, { strides: [1, 1], pads: [1, 1, 1, 0], dilations: [1, 1] }),
      strided: conv(x, w, { strides: [2, 3], pads: [0, 1, 2, 1], dilations: [1, 1] }),
      dilated: conv(x, w, { strides: [1, 1], pads: [2, 0, 2, 0], dilations: [2, 3] }),
      spread: convTranspose(x, t, even, [1, 1]),
      beside: convTranspose(x, t, { ...even, strides: [1, 1] }),
      further: convTranspose(conv(x, w, even), transpose(w, [0, 1, 2, 3]), { ...even, strides: [3, 2] }, [1, 0]),
      product,
      twice: matmul(product, transpose(product, [0, 1, 3, 2])),
      row: matmul(reshape(a, [2, 3, 10, 6]), reshape(b, [2, 3, 6, 13])),
    };
    const emulated = { adapter: 'llvmpipe' };
    assert.equal(typeof stagePlan(outputs, LEAST, true), 'object');
    const feeds = Object.fromEntries(graph.inputs.map(({ name, shape }, k) => [name, tensor(k, shape)]));
    agree(await both(outputs, feeds, [], 2, emulated));
  });

  for (const kind of OPTIMIZERS) {
    it(`three steps of ${kind}`, async () => {
      const graph = createGraph();
      const optimizer = optimizerOf({ kind });
      const [x, rate, step] = [graph.input('x', [9, 5]), graph.input('rate', []), graph.input('step', [])];
      const shapes: Record<string, readonly number[]> = { matrix: [5, 7], bias: [7] };
      const [w, bias] = Object.entries(shapes).map(([name, shape]) => graph.input(name, shape));
      const y = add(matmul(x, w), bias);
      const slopes = [matmul(transpose(x, [1, 0]), y), reduceSum(y, [0])];
      const outputs: Record<string, Value> = { loss: scale(reduceSumSquare(y, [0, 1]), 0.5) };
      const tensors: StateTensor[] = [];
      for (const [k, parameter] of [w, bias].entries()) {
        const { name, shape } = parameter;
        const memory = optimizer.slots.map((slot) => graph.input(`${name}.${slot}`, shape));
        const update = optimizer.update({ parameter, gradient: slopes[k], memory, rate, step });
        outputs[nextOf(name)] = update.parameter;
        tensors.push({ name, shape });
        for (const [i, value] of update.memory.entries()) {
          outputs[nextOf(memory[i].name)] = value;
          tensors.push({ name: memory[i].name, shape });
        }
      }
      const scalar = (value: number): HostTensor => ({ data: Float32Array.of(value), shape: [] });
      agree(await both(outputs, { x: tensor(1, [9, 5]), rate: scalar(0.01), step: scalar(3) }, tensors, 3));
    });
  }
});

let last: { readonly outputs: Outputs; readonly runtime: Runtime; readonly program: Program } | undefined;

/** Runs an update by kernels of our own, which need a product beside them. */
async function byOwnKernels(outputs: Outputs, feeds: Record<string, Float32Array>) {
  const { graph } = Object.values(outputs)[0];
  if (last?.outputs !== outputs) {
    await last?.program.dispose();
    const runtime = await Runtime.open({ device: 'webgpu' });
    const row = reshape(graph.inputs[0], [1, feeds.p.length]);
    const all = { ...outputs, product: matmul(row, transpose(row, [1, 0])) };
    const { head, capture } = captured(all, () => runtime.compile(writeOnnx(all)));
    last = { outputs, runtime, program: await runtime.compile(writeOnnx(head), [], capture) };
  }
  const { runtime, program } = last;
  const given = graph.inputs.filter(({ name }) => name in feeds);
  const slots = given.filter(({ name }) => nextOf(name) in outputs);
  const state = await ResidentState.create(runtime, slots, feeds);
  const fed = given.map(({ name, shape }) => [name, { data: feeds[name], shape }]);
  const read = await state.run(
    program,
    Object.fromEntries(fed.filter(([name]) => !slots.some((slot) => slot.name === name))),
    ['next'],
  );
  assert.ok(program.capture);
  const found = await state.read();
  state.dispose();
  return { ...read, ...Object.fromEntries(Object.entries(found).map(([name, data]) => [nextOf(name), data])) };
}

updateRules('by kernels of our own', byOwnKernels, skip);
