import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  batchNormalization,
  conv,
  convTranspose,
  type Geometry,
  matmul,
  relu,
  sum,
  transpose,
  transposed,
  where,
} from '../../src/graph/functions.ts';
import type { Value } from '../../src/graph/graph.ts';
import { elements, multiplyAdds } from '../../src/graph/graph.ts';
import { type Forms, PLAIN } from '../../src/graph/lowering/forms.ts';
import { lower } from '../../src/graph/lowering/lower.ts';
import { needed, type Outputs } from '../../src/graph/needed.ts';
import { createGraph } from '../../src/graph/ops/index.ts';
import { writeOnnx } from '../../src/graph/write-onnx.ts';
import { randoms } from '../support/random.ts';
import { runNative } from '../support/run-native.ts';

const COLUMNS: Forms = {
  smallest: 1e9,
  smallImages: ['columns'],
  largeImages: ['columns'],
  oneImage: ['columns'],
  zeros: 'multiplied',
  spread: ['columns'],
  product: 'matmul',
  transpose: 'direct',
  sum: 'adds',
  relu: 'max',
};
const TRANSPOSED: Forms = { ...PLAIN, largeImages: ['transposed'], oneImage: ['transposed'] };
const TILES: Forms = { ...PLAIN, largeImages: ['tiles', 'direct'], oneImage: ['tiles', 'direct'] };
const SKIPPED: Forms = { ...COLUMNS, zeros: 'skipped' };
const GEMM: Forms = { ...SKIPPED, product: 'gemm' };
const APART: Forms = { ...GEMM, transpose: 'apart' };

/** A small random convolution, with every kind of stride, padding and dilation. */
const convolution = fc
  .record({
    images: fc.integer({ min: 1, max: 3 }),
    channels: fc.integer({ min: 1, max: 4 }),
    kernels: fc.integer({ min: 1, max: 4 }),
    extent: fc.tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 })),
    kernel: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 })),
    strides: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    dilations: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
    pads: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 4, maxLength: 4 }),
    bias: fc.boolean(),
  })
  .filter(({ extent, kernel, dilations, pads }) =>
    [0, 1].every((i) => extent[i] + pads[i] + pads[i + 2] > dilations[i] * (kernel[i] - 1)),
  );

describe('lowering', () => {
  it('keeps what a convolution computes, in every form', async () => {
    await fc.assert(
      fc.asyncProperty(
        convolution,
        fc.constantFrom(COLUMNS, SKIPPED, TRANSPOSED, GEMM, APART),
        async ({ images, channels, kernels, extent, kernel, bias: biased, ...geometry }, forms) => {
          const graph = createGraph();
          const x = graph.input('x', [images, channels, ...extent]);
          const w = graph.input('w', [kernels, channels, ...kernel]);
          const bias = biased ? graph.input('bias', [kernels]) : undefined;
          await same(conv(x, w, geometry, bias), forms);
        },
      ),
      { numRuns: 80 },
    );
  });

  it('keeps what a convolution computes by Winograd tiles, and uses them only for whole tiles of many channels', async () => {
    const sides = fc.integer({ min: 1, max: 9 });
    const borders = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 4, maxLength: 4 });
    const wide = fc.record({
      images: fc.integer({ min: 1, max: 3 }),
      channels: fc.constantFrom(31, 32, 40),
      kernels: fc.constantFrom(32, 33),
      extent: fc.tuple(sides, sides),
      pads: borders,
      stride: fc.constantFrom(1, 1, 1, 2),
      bias: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(wide, async ({ images, channels, kernels, extent, pads, stride, bias }) => {
        const out = [0, 1].map((i) => Math.floor((extent[i] + pads[i] + pads[i + 2] - 3) / stride) + 1);
        fc.pre(out.every((side) => side > 0));
        const graph = createGraph();
        const x = graph.input('x', [images, channels, ...extent]);
        const w = graph.input('w', [kernels, channels, 3, 3]);
        const g = { strides: [stride, stride], pads, dilations: [1, 1] };
        const y = conv(x, w, g, bias ? graph.input('bias', [kernels]) : undefined);
        // Sums of 9·C products of up to 1, with the transforms' rounding.
        await same(y, TILES, 1e-4);
        const whole = channels >= 32 && stride === 1 && out.every((side) => side % 2 === 0);
        assert.equal(types(lower({ y }, TILES)).includes('Conv'), !whole);
      }),
      { numRuns: 40 },
    );
  });

  it('replaces Relu by Max unless ORT fuses it with the node before it', async () => {
    const graph = createGraph();
    const x = graph.input('x', [2, 3, 4, 4]);
    const g: Geometry = { strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1] };
    const forms: Forms = { ...PLAIN, relu: 'max' };
    const filtered = conv(x, graph.input('w', [3, 3, 1, 1]), g);
    const constants = [1, 2, 3, 4].map((k) => graph.constant(Float32Array.of(k, 1, 2), [3]));
    const [scale, shift, mean, variance] = constants;
    const given = batchNormalization(filtered, scale, shift, mean, variance, 1e-5);
    const learned = batchNormalization(filtered, graph.input('scale', [3]), shift, mean, variance, 1e-5);
    for (const y of [relu(filtered), relu(given)]) assert.equal(types(lower({ y }, forms)).at(-1), 'Relu');
    for (const y of [relu(x), relu(learned)]) {
      assert.equal(types(lower({ y }, forms)).at(-1), 'Max');
      await same(y, forms);
    }
  });

  it('keeps what a transposed convolution computes, by phases', async () => {
    await fc.assert(
      fc.asyncProperty(convolution, fc.constantFrom(COLUMNS, GEMM), async (given, forms) => {
        const { strides, kernel, dilations, pads, extent } = given;
        const out = [0, 1].map((i) => (extent[i] - 1) * strides[i] + dilations[i] * (kernel[i] - 1) + 1);
        fc.pre([0, 1].every((i) => out[i] > pads[i] + pads[i + 2]));
        const graph = createGraph();
        const x = graph.input('x', [given.images, given.channels, ...extent]);
        const w = graph.input('w', [given.channels, given.kernels, ...kernel]);
        await same(convTranspose(x, w, { strides, dilations, pads }, [strides[0] - 1, 0]), forms);
      }),
      { numRuns: 60 },
    );
  });

  it('leaves no convolution that columns can replace, and no Sum', async () => {
    const graph = createGraph();
    const x = graph.input('x', [2, 3, 6, 6]);
    const g: Geometry = { strides: [2, 2], pads: [1, 1, 1, 1], dilations: [1, 1] };
    const y = conv(x, graph.input('w', [4, 3, 3, 3]), g);
    const back = convTranspose(y, graph.input('v', [4, 3, 3, 3]), g, [1, 1]);
    const all = sum([x, back, x]);
    await same(all, COLUMNS);
    const kinds = new Set(needed(lower({ all }, COLUMNS)).nodes.map(({ operator }) => operator.type));
    for (const kind of ['Conv', 'ConvTranspose', 'Sum']) assert.ok(!kinds.has(kind), kind);
    assert.ok(kinds.has('MatMul'));
  });

  it('skips the zeros around an image', () => {
    const graph = createGraph();
    const x = graph.input('x', [2, 8, 4, 4]);
    const g: Geometry = { strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1] };
    const y = conv(x, graph.input('w', [16, 8, 3, 3]), g);
    const products = (forms: Forms) =>
      needed(lower({ y }, forms)).nodes.reduce((total, node) => total + multiplyAdds(node), 0);
    assert.equal(products(COLUMNS), products(PLAIN));
    // Along an axis of four places, two of the twelve taps lie outside.
    assert.equal(products(SKIPPED), (products(PLAIN) * 10 * 10) / (12 * 12));
  });

  it('uses columns for one image from a given share of zeros', () => {
    const graph = createGraph();
    const x = graph.input('x', [1, 8, 4, 4]);
    const g: Geometry = { strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1] };
    const y = conv(x, graph.input('w', [16, 8, 3, 3]), g);
    const share = 1 - 100 / 144;
    const kept = (border: number) => types(lower({ y }, { ...PLAIN, border })).includes('Conv');
    assert.deepEqual([kept(share + 0.01), kept(share - 0.01)], [true, false]);
  });

  it('gives a Gemm the inputs of transpositions instead of their outputs', async () => {
    const graph = createGraph();
    const [a, b] = [graph.input('a', [5, 3]), graph.input('b', [4, 5])];
    const y = matmul(transposed(a), transposed(b));
    await same(y, GEMM);
    assert.deepEqual(types(lower({ y }, GEMM)), ['Gemm']);
    assert.deepEqual(types(lower({ y }, COLUMNS)), types({ y }));
  });

  it('keeps what a Transpose does, and leaves no matrix transposition whose axis can be split', async () => {
    const forms: Forms = { ...PLAIN, transpose: 'apart' };
    const shapes = fc.array(fc.constantFrom(1, 1, 2, 3, 4, 6), { minLength: 2, maxLength: 4 });
    const given = shapes.chain((shape) =>
      fc.record({
        shape: fc.constant(shape),
        perm: fc.shuffledSubarray([...shape.keys()], { minLength: shape.length }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(given, async ({ shape, perm }) => {
        const graph = createGraph();
        const y = transpose(graph.input('x', shape), perm);
        await same(y, forms, 0);
        for (const { operator, inputs } of needed(lower({ y }, forms)).nodes) {
          const axes = inputs[0].shape.filter((extent) => extent > 1);
          if (operator.type === 'Transpose') assert.ok(axes.length > 2 || axes.every((n) => n < 4), `${axes}`);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('transposes the second operand of a product where that is cheap', async () => {
    const graph = createGraph();
    const y = matmul(graph.input('a', [3, 4]), graph.input('b', [4, 6]));
    await same(y, APART);
    assert.deepEqual(types(lower({ y }, APART)), ['Reshape', 'Transpose', 'Reshape', 'Gemm']);
    assert.deepEqual(types(lower({ y }, GEMM)), ['MatMul']);
  });

  it('gives convolutions with constant kernels their own form', () => {
    const graph = createGraph();
    const x = graph.input('x', [2, 1, 4, 4]);
    const g: Geometry = { strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1] };
    const forms: Forms = { ...COLUMNS, constantKernels: ['direct'] };
    const made = conv(x, graph.constant(Float32Array.of(1, 2, 3, 4), [1, 1, 2, 2]), g);
    const learned = conv(x, graph.input('w', [1, 1, 2, 2]), g);
    assert.deepEqual(types(lower({ made }, forms)), ['Conv']);
    assert.ok(!types(lower({ learned }, forms)).includes('Conv'));
  });

  it('keeps grouped convolutions and stacks of matrices', () => {
    const graph = createGraph();
    const x = graph.input('x', [2, 4, 5, 5]);
    const grouped = conv(x, graph.input('w', [4, 1, 3, 3]), {
      strides: [1, 1],
      pads: [1, 1, 1, 1],
      dilations: [1, 1],
      group: 4,
    });
    const y = matmul(grouped, x);
    assert.deepEqual(types(lower({ y }, GEMM)), types({ y }));
  });

  it('keeps products of float16, and leaves no Sum of it', () => {
    const graph = createGraph();
    const [a, b] = ['a', 'b'].map((name) => graph.input(name, [3, 3], 'float16'));
    const y = sum([matmul(a, b), a, b]);
    assert.deepEqual(types(lower({ y }, GEMM)), ['MatMul', 'Add', 'Add']);
  });

  it('keeps constant conditions', async () => {
    const x = createGraph().input('x', [2, 3]);
    const mask = x.graph.constant(Uint8Array.of(1, 0, 1), [3], undefined, 'bool');
    await same(where(mask, x, x.graph.scalar(7)), GEMM);
  });

  it('changes nothing when every form is direct', () => {
    const graph = createGraph();
    const y = conv(graph.input('x', [2, 3, 4, 4]), graph.input('w', [5, 3, 3, 3]), {
      strides: [1, 1],
      pads: [1, 1, 1, 1],
      dilations: [1, 1],
    });
    assert.deepEqual(writeOnnx(lower({ y }, PLAIN)), writeOnnx({ y }));
  });
});

const types = (outputs: Outputs) => needed(outputs).nodes.map(({ operator }) => operator.type);

/** Runs a graph before and after lowering on the same random numbers. */
async function same(y: Value, forms: Forms, tolerance = 1e-5): Promise<void> {
  const { graph } = y;
  const feeds = Object.fromEntries(graph.inputs.map(({ name, shape }, k) => [name, randoms(k + 1, elements(shape))]));
  const lowered = lower({ y }, forms);
  assert.deepEqual(lowered.y.shape, y.shape);
  const expected = (await runNative({ y }, feeds)).y;
  const found = (await runNative({ ...lowered }, feeds)).y;
  const worst = expected.reduce((most, value, k) => Math.max(most, Math.abs(value - found[k])), 0);
  assert.ok(worst <= tolerance, `differs by ${worst}`);
}
