import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import * as f from '../../src/graph/functions.ts';
import { gradients } from '../../src/graph/gradients.ts';
import type { Value } from '../../src/graph/graph.ts';
import { translate } from '../../src/graph/import/translate.ts';
import { createGraph } from '../../src/graph/ops/index.ts';
import { stopGradient, withGradient } from '../../src/graph/with-gradient.ts';
import { checkGradient, type GradientCase } from '../support/check-gradient.ts';
import { runNative } from '../support/run-native.ts';

const extent = fc.integer({ min: 1, max: 5 });
const shape = (min = 1, max = 4) => fc.array(extent, { minLength: min, maxLength: max });

/** Two shapes that broadcast together: some extents of either are 1, some leading axes of either are missing. */
const broadcastable = shape().chain((whole) => {
  const part = fc
    .tuple(fc.array(fc.boolean(), { minLength: whole.length, maxLength: whole.length }), fc.nat(whole.length - 1))
    .map(([ones, cut]) => whole.map((e, i) => (ones[i] ? 1 : e)).slice(cut));
  return fc.tuple(part, part);
});

const axesOf = (dims: readonly number[]) =>
  fc.subarray(
    dims.map((_, i) => i),
    { minLength: 1 },
  );

function check(name: string, cases: fc.Arbitrary<GradientCase>, numRuns = 12) {
  it(name, () =>
    fc.assert(
      fc.asyncProperty(fc.nat(1e6), cases, (seed, given) => checkGradient(seed, given)),
      { numRuns, seed: 20220817 },
    ),
  );
}

describe('gradient rules against central differences on native ONNX Runtime', () => {
  for (const [name, build, range] of [
    ['Add', f.add, [-1, 1]],
    ['Sub', f.sub, [-1, 1]],
    ['Mul', f.mul, [-1, 1]],
    ['Div', f.div, [0.5, 2]],
  ] as const) {
    check(
      name,
      broadcastable.map((shapes) => ({ shapes, build, range })),
    );
  }
  // Max and Min have a kink where the operands meet, so the second operand lies above the first by more than a step.
  for (const [name, op] of [
    ['Max', f.max],
    ['Min', f.min],
  ] as const) {
    check(
      name,
      broadcastable.map((shapes) => ({
        shapes,
        build: (a: Value, b: Value) => f.add(op(a, f.shift(b, 3)), op(f.shift(a, 3), b)),
      })),
    );
  }
  check(
    'Pow, constant exponent',
    shape().map((dims) => ({
      shapes: [dims],
      range: [0.5, 2],
      build: (x: Value) => f.pow(x, x.graph.scalar(2.5)),
    })),
  );
  check(
    'Sum',
    shape().map((dims) => ({ shapes: [dims, dims, dims], build: (...xs: Value[]) => f.sum(xs) })),
  );

  for (const [name, build, range] of [
    ['Neg', f.neg, [-1, 1]],
    ['Exp', f.exp, [-1, 1]],
    ['Log', f.log, [0.5, 2]],
    ['Sqrt', f.sqrt, [0.5, 2]],
    ['Reciprocal', f.reciprocal, [0.5, 2]],
    ['Relu, positive side', f.relu, [0.1, 2]],
    ['Relu, negative side', f.relu, [-2, -0.1]],
    ['Abs', f.abs, [-2, -0.1]],
    ['Tanh', f.tanh, [-1, 1]],
    ['Sigmoid', f.sigmoid, [-2, 2]],
    ['Identity', f.identity, [-1, 1]],
    ['Softmax', f.softmax, [-1, 1]],
    ['LogSoftmax', f.logSoftmax, [-1, 1]],
    ['Erf', f.erf, [-2, 2]],
    ['LeakyRelu, positive side', (x: Value) => f.leakyRelu(x, 0.2), [0.1, 2]],
    ['LeakyRelu, negative side', (x: Value) => f.leakyRelu(x, 0.2), [-2, -0.1]],
    ['Elu, positive side', (x: Value) => f.elu(x, 0.7), [0.1, 2]],
    ['Elu, negative side', (x: Value) => f.elu(x, 0.7), [-2, -0.1]],
    ['Softplus', f.softplus, [-2, 2]],
    ['Clip, below', (x: Value) => f.clip(x, -1, 1), [-3, -1.1]],
    ['Clip, inside', (x: Value) => f.clip(x, -1, 1), [-0.9, 0.9]],
    ['Clip, above', (x: Value) => f.clip(x, -1, 1), [1.1, 3]],
    ['Sin', f.sin, [-2, 2]],
    ['Cos', f.cos, [-2, 2]],
    ['Floor', (x: Value) => f.add(x, x.graph.apply('Floor', [x])[0]), [0.1, 0.9]],
    ['Ceil', (x: Value) => f.add(x, x.graph.apply('Ceil', [x])[0]), [0.1, 0.9]],
    ['Round', (x: Value) => f.add(x, x.graph.apply('Round', [x])[0]), [0.6, 1.4]],
    ['HardSwish, below', f.hardSwish, [-5, -3.1]],
    ['HardSwish, inside', f.hardSwish, [-2.9, 2.9]],
    ['HardSwish, above', f.hardSwish, [3.1, 5]],
    ['HardSigmoid, inside', (x: Value) => x.graph.apply('HardSigmoid', [x])[0], [-2.4, 2.4]],
    ['HardSigmoid, above', (x: Value) => x.graph.apply('HardSigmoid', [x])[0], [2.6, 4]],
  ] as const) {
    check(
      name,
      shape().map((dims) => ({ shapes: [dims], build: (x: Value) => build(x), range })),
      6,
    );
  }
  // Operators that only files have, as import/ expresses them: [operator, attributes, range, shapes of x and of the others].
  const image = [2, 4, 5, 6];
  for (const [type, attributes, range, ...shapes] of [
    ['Gelu', {}, [-2, 2], [3, 4]],
    ['Gelu', { approximate: 'tanh' }, [-2, 2], [3, 4]],
    ['Mish', {}, [-2, 2], [3, 4]],
    ['Celu', { alpha: { float: 0.7 } }, [-2, -0.1], [3, 4]],
    ['Softsign', {}, [0.1, 2], [3, 4]],
    ['ThresholdedRelu', { alpha: { float: 0.5 } }, [0.6, 2], [3, 4]],
    ['Shrink', { lambd: { float: 0.5 }, bias: { float: 0.2 } }, [0.6, 2], [3, 4]],
    ['GroupNormalization', { num_groups: 2 }, [-1, 1], image, [4], [4]],
    ['InstanceNormalization', {}, [-1, 1], image, [4], [4]],
    ['RMSNormalization', {}, [-1, 1], image, [6]],
    ['LpNormalization', { axis: 1 }, [-1, 1], image],
    ['LpPool', { kernel_shape: [2, 3], strides: [2, 1] }, [-1, 1], image],
    ['GlobalLpPool', { p: 3 }, [0.1, 1], image],
    ['LRN', { size: 3, alpha: { float: 0.5 } }, [-1, 1], image],
    ['Einsum', { equation: 'bchw,oc->bohw' }, [-1, 1], image, [3, 4]],
    ['Einsum', { equation: 'bhij,bhjk->bihk' }, [-1, 1], image, [2, 4, 6, 3]],
    ['AveragePool', { kernel_shape: [2, 2], dilations: [2, 1], pads: [1, 0, 1, 0] }, [-1, 1], image],
    [
      'AveragePool',
      { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], ceil_mode: 1, count_include_pad: 1 },
      [-1, 1],
      image,
    ],
    ['ConvTranspose', { auto_pad: 'SAME_UPPER', strides: [2, 2] }, [-1, 1], image, [4, 2, 3, 3]],
    ['AveragePool', { kernel_shape: [1280, 1280], strides: [1280, 1280], ceil_mode: 1 }, [-1, 1], image],
    ['AveragePool', { kernel_shape: [7, 6], pads: [1, 0, 1, 0], count_include_pad: 1 }, [-1, 1], image],
    ['Conv', { strides: [2], pads: [1, 2], dilations: [2], group: 2 }, [-1, 1], [2, 4, 9], [6, 2, 3], [6]],
    ['ConvTranspose', { strides: [2], pads: [1, 0], output_padding: [1] }, [-1, 1], [2, 4, 5], [4, 3, 3], [3]],
    ['AveragePool', { kernel_shape: [3], strides: [2], pads: [1, 1] }, [-1, 1], [2, 4, 9]],
    ['Attention', {}, [-1, 1], [2, 2, 3, 4], [2, 2, 5, 4], [2, 2, 5, 3]],
    ['Attention', {}, [-1, 1], [2, 4, 3, 4], [2, 2, 5, 4], [2, 2, 5, 3], [4, 3, 5]],
    ['Attention', { q_num_heads: 2, kv_num_heads: 2, is_causal: 1 }, [-1, 1], [2, 3, 8], [2, 3, 8], [2, 3, 6]],
    ['ReduceLogSumExp', { axes: [1, 2] }, [-1, 1], image],
    ['com.microsoft.QuickGelu', {}, [-2, 2], [3, 4]],
    ['com.microsoft.FastGelu', {}, [-2, 2], [3, 4], [4]],
    ['com.microsoft.FusedConv', { activation: 'Tanh', pads: [1, 1, 1, 1] }, [-1, 1], image, [3, 4, 3, 3], [3]],
    ['com.microsoft.SkipLayerNormalization', {}, [-1, 1], [2, 3, 6], [2, 3, 6], [6], [6]],
  ] as const) {
    it(`${type} ${JSON.stringify(attributes)}`, () =>
      checkGradient(7, {
        shapes,
        range,
        build: (...inputs: Value[]) =>
          translate({ type, graph: inputs[0].graph, opset: 23, inputs, attributes, outputs: 1 })[0],
      }));
  }
  for (const [name, attributes, scales] of [
    ['cubic', { mode: 'cubic' }, [1, 1, 1.6, 0.7]],
    ['antialiased', { mode: 'linear', antialias: 1 }, [1, 1, 0.5, 0.4]],
  ] as const) {
    it(`Resize, ${name}`, () =>
      checkGradient(8, {
        shapes: [image],
        build(x: Value) {
          const inputs = [x, undefined, x.graph.constant(Float32Array.from(scales), [4])];
          return translate({ type: 'Resize', graph: x.graph, opset: 18, inputs, attributes, outputs: 1 })[0];
        },
      }));
  }
  it('Pad, wrapped', () =>
    checkGradient(9, {
      shapes: [image],
      build(x: Value) {
        const inputs = [x, x.graph.integers([0, 0, 2, 1, 0, 0, 0, 3])];
        return translate({
          type: 'Pad',
          graph: x.graph,
          opset: 19,
          inputs,
          attributes: { mode: 'wrap' },
          outputs: 1,
        })[0];
      },
    }));

  it('Cast, whose gradient is rounded on the way back', async () => {
    const graph = createGraph();
    const x = graph.input('x', [3]);
    const r = graph.constant(Float32Array.of(0.1, -3, 1e-9), [3]);
    const y = f.mul(f.cast(f.scale(f.cast(x, 'float16'), 2), 'float32'), r);
    const [g] = gradients(f.reduceSum(y, [0]), [x]);
    assert.equal(g.dtype, 'float32');
    // The half float nearest to 0.1 is 0.0999755859375, to 1e-9 it is 0.
    const found = await runNative({ g }, { x: Float32Array.of(1 / 3, 5, 1) });
    assert.deepEqual([...found.g], [2 * 0.0999755859375, -6, 0]);
  });
  check(
    'the gradient of a gradient, through a product, a convolution and smooth functions',
    fc.tuple(extent, extent).map(([n, m]) => ({
      shapes: [
        [n, 2, 4, 4],
        [m, 2, 3, 3],
      ],
      build: (x: Value, w: Value) => {
        const y = f.gelu(f.conv(x, w, { strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1] }));
        const rows = f.reshape(y, [n, 16 * m]);
        return gradients(f.reduceSum(f.sigmoid(f.matmul(rows, f.transposed(rows))), [0, 1]), [x, w]);
      },
    })),
    6,
  );
  check(
    'Where',
    broadcastable.map((shapes) => ({
      shapes,
      build: (a: Value, b: Value) => {
        const mask = f.greater(stopGradient(f.add(a, b)), a.graph.scalar(100));
        return f.where(mask, a, f.mul(b, b));
      },
    })),
  );

  for (const [name, reduce] of [
    ['ReduceSum', f.reduceSum],
    ['ReduceMean', f.reduceMean],
    ['ReduceSumSquare', f.reduceSumSquare],
  ] as const) {
    const cases = shape().chain((dims) =>
      fc.tuple(axesOf(dims), fc.boolean()).map(([axes, keep]) => ({
        shapes: [dims],
        build: (x: Value) => reduce(x, axes, keep),
      })),
    );
    check(name, cases);
  }

  // Maxima and windows are checked on spread-out permutations, where no two elements are closer than the difference step.
  const apart = (count: number) =>
    fc.shuffledSubarray(
      Array.from({ length: count }, (_, i) => i),
      { minLength: count },
    );
  const spreadOut = (order: readonly number[]) => Float32Array.from(order, (place) => 0.2 * place);
  const size = (dims: readonly number[]) => dims.reduce((p, e) => p * e, 1);
  check(
    'ReduceMax',
    shape().chain((dims) =>
      fc.tuple(axesOf(dims), fc.boolean(), apart(size(dims))).map(([axes, keep, order]) => ({
        shapes: [dims],
        values: [spreadOut(order)],
        tolerance: 2e-2,
        build: (x: Value) => f.reduceMax(x, axes, keep),
      })),
    ),
  );

  check(
    'Reshape',
    shape().map((dims) => ({
      shapes: [dims],
      build: (x: Value) => f.reshape(x, [dims.reduce((p, e) => p * e, 1)]),
    })),
  );
  check(
    'Transpose',
    shape().chain((dims) =>
      fc
        .shuffledSubarray(
          dims.map((_, i) => i),
          { minLength: dims.length },
        )
        .map((perm) => ({
          shapes: [dims],
          build: (x: Value) => f.transpose(x, perm),
        })),
    ),
  );
  check(
    'Expand',
    broadcastable.map(([dims]) => ({
      shapes: [dims],
      build: (x: Value) =>
        f.expand(
          x,
          dims.map((e) => (e === 1 ? 3 : e)),
        ),
    })),
  );
  check(
    'Concat',
    shape(2).map((dims) => ({
      shapes: [dims, dims.map((e, i) => (i === 1 ? e + 2 : e))],
      build: (a: Value, b: Value) => f.concat([a, b, a], 1),
    })),
  );
  const range = (e: number) =>
    fc
      .tuple(fc.nat(e - 1), fc.integer({ min: 1, max: e }), fc.integer({ min: 1, max: 3 }))
      .map(([from, length, step]) => [from, Math.min(e, from + length), step] as const);
  check(
    'Slice with steps',
    shape(2, 3).chain((dims) =>
      fc.tuple(...dims.map(range)).map((ranges) => ({
        shapes: [dims],
        build: (x: Value) =>
          f.slice(
            x,
            dims.map((_, i) => i),
            ranges.map((r) => r[0]),
            ranges.map((r) => r[1]),
            ranges.map((r) => r[2]),
          ),
      })),
    ),
    20,
  );
  check(
    'Slice backwards',
    shape(2, 3).map((dims) => ({ shapes: [dims], build: (x: Value) => f.flip(x, [0, 1]) })),
  );
  check(
    'Pad',
    shape(2, 3).map((dims) => ({
      shapes: [dims],
      build: (x: Value) =>
        f.pad(
          x,
          dims.map((_, i) => i),
          dims.map(() => 1),
        ),
    })),
  );

  check(
    'Flatten',
    shape().chain((dims) =>
      fc.integer({ min: -dims.length, max: dims.length }).map((axis) => ({
        shapes: [dims],
        build: (x: Value) => f.flatten(x, axis),
      })),
    ),
  );
  check(
    'Squeeze and Unsqueeze',
    shape(1, 3).map((dims) => ({
      shapes: [dims],
      build: (x: Value) => f.squeeze(f.unsqueeze(f.unsqueeze(x, [0, -1]), [1]), [0]),
    })),
  );
  check(
    'Gather, elements taken twice or not at all',
    shape().chain((dims) =>
      fc
        .nat(dims.length - 1)
        .chain((axis) => {
          const place = fc.integer({ min: -dims[axis], max: dims[axis] - 1 });
          return fc.tuple(fc.constant(axis), fc.oneof(place, fc.array(place, { minLength: 1, maxLength: 6 })));
        })
        .map(([axis, places]) => ({ shapes: [dims], build: (x: Value) => f.gather(x, places, axis) })),
    ),
    20,
  );
  check(
    'Split, one part unused',
    shape(2).map((dims) => ({
      shapes: [dims.map((e, i) => (i === 1 ? e + 3 : e))],
      build: (x: Value) => f.split(x, [1, dims[1], 2], 1).slice(0, 2),
    })),
  );

  check(
    'MatMul with broadcast stacks',
    fc.tuple(broadcastable, extent, extent, extent).map(([[p, q], m, k, n]) => ({
      shapes: [
        [...p, m, k],
        [...q, k, n],
      ],
      build: f.matmul,
    })),
  );

  check(
    'Gemm',
    fc
      .record({
        dims: fc.tuple(extent, extent, extent),
        transA: fc.boolean(),
        transB: fc.boolean(),
        alpha: fc.constantFrom(1, 0.5),
        beta: fc.constantFrom(1, -2),
        bias: fc.constantFrom('none', 'row', 'column', 'scalar', 'whole'),
      })
      .map(({ dims: [m, k, n], bias, ...options }) => {
        const biases = { none: undefined, row: [n], column: [m, 1], scalar: [], whole: [m, n] };
        const c = biases[bias as keyof typeof biases];
        const shapes = [options.transA ? [k, m] : [m, k], options.transB ? [n, k] : [k, n]];
        return {
          shapes: c ? [...shapes, c] : shapes,
          build: (...[p, q, r]: Value[]) => f.gemm(p, q, r, options),
        };
      }),
    30,
  );

  const geometry = fc
    .record({
      n: extent,
      c: extent,
      m: extent,
      h: fc.integer({ min: 3, max: 9 }),
      w: fc.integer({ min: 3, max: 9 }),
      kh: fc.integer({ min: 1, max: 3 }),
      kw: fc.integer({ min: 1, max: 3 }),
      strides: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
      dilations: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
      pads: fc.tuple(...Array.from({ length: 4 }, () => fc.nat(2))),
    })
    .filter(
      ({ h, w, kh, kw, dilations, pads }) =>
        h + pads[0] + pads[2] > dilations[0] * (kh - 1) && w + pads[1] + pads[3] > dilations[1] * (kw - 1),
    );
  check(
    'Conv',
    geometry.map(({ n, c, m, h, w, kh, kw, ...g }) => ({
      shapes: [
        [n, c, h, w],
        [m, c, kh, kw],
      ],
      build: (x: Value, k: Value) => f.conv(x, k, g),
    })),
    60,
  );
  check(
    'Conv with bias',
    geometry.map(({ n, c, m, h, w, kh, kw, ...g }) => ({
      shapes: [[n, c, h, w], [m, c, kh, kw], [m]],
      build: (x: Value, k: Value, b: Value) => x.graph.apply('Conv', [x, k, b], { ...g })[0],
    })),
    10,
  );
  check(
    'ConvTranspose',
    geometry
      .filter(
        ({ h, w, kh, kw, strides, dilations, pads }) =>
          (h - 1) * strides[0] + dilations[0] * (kh - 1) + 1 > pads[0] + pads[2] &&
          (w - 1) * strides[1] + dilations[1] * (kw - 1) + 1 > pads[1] + pads[3],
      )
      .map(({ n, c, m, h, w, kh, kw, ...g }) => ({
        shapes: [
          [n, c, h, w],
          [c, m, kh, kw],
        ],
        build: (x: Value, k: Value) => f.convTranspose(x, k, g),
      })),
    30,
  );

  // Groups of one channel (depthwise), of several, with one or more kernels each; also the adjoint of each.
  check(
    'Conv and ConvTranspose in groups',
    fc
      .tuple(geometry, fc.integer({ min: 2, max: 3 }), fc.boolean())
      .map(([{ n, c, m, h, w, kh, kw, ...g }, group, depthwise]) => {
        const [channels, kernels] = depthwise ? [1, 1] : [c, m];
        return {
          shapes: [
            [n, group * channels, h, w],
            [group * kernels, channels, kh, kw],
            [group * kernels, channels, kh, kw],
          ],
          build: (x: Value, k: Value, t: Value) => {
            const y = f.conv(x, k, { ...g, group });
            const fits = [0, 1].every(
              (i) =>
                (y.shape[i + 2] - 1) * g.strides[i] + g.dilations[i] * (k.shape[i + 2] - 1) >=
                g.pads[i] + g.pads[i + 2],
            );
            return fits ? f.convTranspose(y, t, { ...g, group }) : f.mul(y, f.reduceSum(t, [0, 1, 2, 3]));
          },
        };
      }),
    60,
  );

  const window = fc
    .record({
      dims: fc.tuple(extent, extent, fc.integer({ min: 3, max: 9 }), fc.integer({ min: 3, max: 9 })),
      kernel: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
      strides: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
      pads: fc.tuple(...Array.from({ length: 4 }, () => fc.nat(2))),
    })
    .map(({ pads, ...rest }) => ({ ...rest, pads: pads.map((p, i) => Math.min(p, rest.kernel[i % 2] - 1)) }));
  check(
    'MaxPool',
    window.chain(({ dims, ...pool }) =>
      apart(size(dims)).map((order) => ({
        shapes: [dims],
        values: [Float32Array.from(order, (place) => 0.02 * (place - size(dims) / 2))],
        tolerance: 2e-2,
        build: (x: Value) => f.maxPool(x, pool),
      })),
    ),
    40,
  );
  for (const [name, include] of [
    ['AveragePool over places inside the image', 0],
    ['AveragePool that counts the padding', 1],
  ] as const) {
    check(
      name,
      window.map(({ dims, kernel, ...pool }) => ({
        shapes: [dims],
        build: (x: Value) =>
          x.graph.apply('AveragePool', [x], { kernel_shape: kernel, ...pool, count_include_pad: include })[0],
      })),
      30,
    );
  }
  check(
    'AveragePool in blocks, and over all positions',
    fc.tuple(extent, extent, extent).map(([n, c, k]) => ({
      shapes: [[n, c, 2 * k, 3 * k]],
      build: (x: Value) => [
        f.averagePool(x, { kernel: [k, k], strides: [k, k], pads: [0, 0, 0, 0] }),
        f.globalAveragePool(x),
      ],
    })),
  );

  check(
    'LayerNormalization',
    shape(2).chain((dims) =>
      fc.nat(dims.length - 1).map((axis) => {
        const wide = dims.map((e, i) => (i === axis ? e + 2 : e));
        return {
          shapes: [wide, wide.slice(axis), wide.slice(axis)],
          build: (x: Value, gamma: Value, beta: Value) => f.layerNormalization(x, gamma, beta, 1e-3, axis),
        };
      }),
    ),
    20,
  );
  check(
    'BatchNormalization in inference form',
    fc.tuple(extent, extent, extent).map(([n, c, h]) => ({
      shapes: [[n, c, h, 2], [c], [c], [c], [c]],
      range: [0.5, 1.5],
      build: (x: Value, ...rest: Value[]) => f.batchNormalization(x, rest[0], rest[1], rest[2], rest[3], 1e-3),
    })),
  );

  check(
    'a segment with its own gradient, used inside a larger graph',
    shape().map((dims) => ({
      shapes: [dims],
      build: (x: Value) => {
        const y = f.mul(x, x);
        const [cube] = withGradient(
          x.graph,
          [y],
          () => [f.mul(y, f.sqrt(y))],
          ([g]) => [f.scale(f.mul(g!, f.sqrt(y)), 1.5)],
        );
        return f.add(f.exp(cube), y);
      },
      range: [0.5, 1],
    })),
  );
});
