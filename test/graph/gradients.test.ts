import { describe, it } from 'node:test';
import fc from 'fast-check';
import * as f from '../../src/graph/functions.ts';
import { stopGradient, withGradient } from '../../src/graph/gradients.ts';
import type { Value } from '../../src/graph/graph.ts';
import { checkGradient, type GradientCase } from '../support/check-gradient.ts';

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
  ] as const) {
    check(
      name,
      shape().map((dims) => ({ shapes: [dims], build: (x: Value) => build(x), range })),
      6,
    );
  }
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
    'MatMul with broadcast stacks',
    fc.tuple(broadcastable, extent, extent, extent).map(([[p, q], m, k, n]) => ({
      shapes: [
        [...p, m, k],
        [...q, k, n],
      ],
      build: f.matmul,
    })),
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
