import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { type Matrix, PatchEncoder } from '../../src/embed.ts';
import {
  evaluate,
  evaluateRetrieval,
  type Labelled,
  originalsFirst,
  type Retrieval,
  retrieval,
} from '../../src/evaluate.ts';
import { grouped } from '../../src/evaluation/grouped.ts';
import { colourHistogram } from '../../src/evaluation/hand-made/colour-histogram.ts';
import { hog } from '../../src/evaluation/hand-made/hog.ts';
import { whitenedVectors } from '../../src/evaluation/whitened-vectors.ts';
import type { BagsslError } from '../../src/index.ts';
import { Runtime } from '../../src/runtime.ts';
import { difference } from '../support/golden.ts';

interface Measures {
  readonly queries: number;
  readonly means: readonly number[];
  readonly errors: readonly number[];
  readonly averages: readonly number[];
}
interface Found {
  readonly own: Measures;
  readonly queries: Measures;
  readonly first: readonly boolean[];
}
interface Case {
  readonly width: number;
  readonly labels: readonly number[];
  readonly asked: readonly number[];
  readonly bank: readonly number[];
  readonly queries: readonly number[];
  readonly copies: readonly number[];
  readonly plain: Found;
  readonly whitened: Found;
}
interface Golden {
  readonly side: number;
  readonly cell: number;
  readonly tile: readonly number[];
  readonly hog: readonly number[];
  readonly colour: readonly number[];
  readonly cases: readonly Case[];
}

const golden: Golden = JSON.parse(readFileSync('test/golden/retrieval.json', 'utf8'));
const code = (expected: string, message: RegExp) => (error: BagsslError) =>
  error.code === expected && message.test(error.message);

const matrix = (values: readonly number[], columns: number): Matrix => ({
  data: Float32Array.from(values),
  rows: values.length / columns,
  columns,
});
const labelled = (features: Matrix, labels: readonly number[]): Labelled => ({
  features,
  labels: Int32Array.from(labels),
});

function agrees(found: Retrieval, expected: Measures, within: number) {
  const measures = [found.precisionAt1, found.precisionAt5!, found.meanAveragePrecision];
  assert.equal(found.queries, expected.queries);
  assert.ok(
    difference(
      measures.map(({ mean }) => mean),
      expected.means,
    ) < within,
  );
  assert.ok(
    difference(
      measures.map(({ error }) => error),
      expected.errors,
    ) < within,
  );
  assert.ok(
    difference(
      found.each.map(({ averagePrecision }) => averagePrecision),
      expected.averages,
    ) < within,
  );
}

describe('hand-made vectors', () => {
  const tile = golden.tile.map((value) => value / 255);

  it('have the gradients that scikit-image finds', () => {
    assert.ok(difference(hog(tile, golden.side, golden.cell), golden.hog) < 1e-6);
  });

  it('have the colours that Python finds', () => {
    assert.ok(difference(colourHistogram(tile), golden.colour) < 1e-6);
  });
});

describe('retrieval', () => {
  for (const one of golden.cases) {
    const bank = matrix(one.bank, one.width);
    const queries = matrix(one.queries, one.width);
    const copies = matrix(one.copies, one.width);
    const check = async (sides: readonly Matrix[], expected: Found, within: number) => {
      const own = labelled(sides[0], one.labels);
      const found = await retrieval(own);
      agrees(found, expected.own, within);
      assert.equal(found.leftOut, 1, 'the only image of its class has nothing to find');
      assert.ok(found.each.every(({ query, nearest }) => nearest.length === 10 && !nearest.includes(query)));
      agrees(await retrieval(labelled(sides[1], one.asked), { bank: own }), expected.queries, within);
      const { missed, mean } = originalsFirst(sides[0], sides[2]);
      assert.deepEqual(
        expected.first.flatMap((first, row) => (first ? [] : [row])),
        missed,
      );
      assert.ok(Math.abs(mean - (1 - missed.length / bank.rows)) < 1e-12);
    };

    it(`of ${bank.rows} vectors of ${one.width} numbers is what numpy finds`, () =>
      check([bank, queries, copies], one.plain, 1e-9));

    it(`of ${bank.rows} whitened vectors of ${one.width} numbers is what numpy finds`, async () => {
      const runtime = await Runtime.open({ device: 'native', threads: 1 });
      await check(await whitenedVectors(runtime, bank, [queries, copies]), one.whitened, 1e-9);
    });
  }

  it('leaves precision at 5 out where there are no 5 others', async () => {
    const few = labelled(matrix([1, 0, 0, 1, 1, 0.1, 0.1, 1], 2), [0, 1, 0, 1]);
    const found = await retrieval(few);
    assert.deepEqual(
      [found.precisionAt5, found.precisionAt1, found.meanAveragePrecision.mean],
      [undefined, { mean: 1, error: 0 }, 1],
    );
  });

  it('refuses images and vectors among which it would mean nothing', async () => {
    const two = matrix([1, 0, 0, 1], 2);
    const four = matrix([1, 0, 0, 1, 1, 1, 2, 1], 2);
    for (const [given, message] of [
      [labelled(two, [0, 0]), /there are 2 images/],
      [labelled(four, [3, 3, 3, 3]), /one class only|of one class, so every answer would be right/],
      [labelled(four, [0, 1, 2, 3]), /no class has two images/],
      [labelled(matrix([0, 0, 0, 0, 0, 0, 0, 0], 2), [0, 0, 1, 1]), /All vectors are zero/],
      [labelled(matrix([1, 2, 2, 4, 1, 2, 3, 6], 2), [0, 0, 1, 1]), /All vectors have the same direction/],
    ] as const) {
      await assert.rejects(retrieval(given), code('bad-data', message));
    }
    await assert.rejects(
      retrieval(labelled(two, [5, 6]), { bank: labelled(four, [0, 0, 1, 1]) }),
      code('bad-data', /no query is of a class/),
    );
    await assert.rejects(retrieval(labelled(four, [0, 1])), code('bad-argument', /class for each of the 4 vectors/));
    await assert.rejects(
      retrieval(labelled(four, [0, 0, 1, 1]), { signal: AbortSignal.abort() }),
      code('aborted', /stopped/),
    );
    assert.throws(() => originalsFirst(two, four), code('shape-mismatch', /2 × 2 originals/));
    assert.throws(() => originalsFirst(matrix([1, 1], 2), matrix([1, 1], 2)), code('bad-data', /at least two/));
    assert.throws(
      () => originalsFirst(matrix([0, 0, 0, 0], 2), matrix([0, 0, 0, 0], 2)),
      code('bad-data', /All vectors are zero/),
    );
  });

  it('counts an image that is as near as the original as nearer', () => {
    const bank = matrix([1, 0, 1, 0, 0, 1], 2);
    assert.deepEqual(originalsFirst(bank, bank).missed, [0, 1]);
  });
});

describe('grouped', () => {
  it('counts the copies that are in a group with their original, and the images that are', () => {
    const originals = matrix([1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0.1, 1], 3);
    const copies = matrix([1, 0.1, 0, 1, 0, 0.1, 0, 0, 1, 0, 0, 1], 3);
    const found = grouped(originals, { same: originals, some: copies });
    assert.deepEqual([found.joined, found.copies.same.mean, found.copies.some.mean], [1, 1, 0.75]);
  });
});

describe('evaluateRetrieval', () => {
  const image = (value: number, index: number) => ({
    data: Uint8Array.from({ length: 3 * 400 }, (_, i) => value + ((index * i * 7) % 64)),
    ...{ width: 20, height: 20, layout: 'planar' as const },
  });
  const set = (labels: readonly number[], pixels: (index: number) => ReturnType<typeof image>) => ({
    ...{ name: 'made', length: labels.length, labels: Int32Array.from(labels), image: pixels },
  });
  const engine = { device: 'native', threads: 1, workers: 0 } as const;

  it('says which vectors mean nothing, and measures the others', async () => {
    // Plain colours have no gradients, but a colour each.
    const plain = set([0, 0, 1, 1], (index) => ({ ...image(0, 0), data: new Uint8Array(1200).fill(60 * index) }));
    const rows = await evaluateRetrieval({ ...engine, images: plain, encoders: {} });
    const found = Object.fromEntries(rows.map((row) => [row.name, row.plain]));
    assert.match(found.HOG.reason!, /All vectors are zero/);
    assert.ok(found.colour.retrieval!.queries === 4 && !found.colour.reason);
    const black = set([0, 0, 1, 1], () => ({ ...image(0, 0), data: new Uint8Array(1200) }));
    await assert.rejects(evaluateRetrieval({ ...engine, images: black }), code('bad-data', /nothing can be measured/));
  });

  it('and evaluate refuse sets whose classes differ, and evaluate one class', async () => {
    const made = (classes: readonly string[], labels = [0, 0, 1, 1]) => ({
      ...set(labels, (index) => image(50 * index, index)),
      classes,
    });
    const [cats, dogs] = [made(['cat', 'dog']), made(['dog', 'horse'])];
    const differ = code('bad-data', /The classes differ: made has cat, dog; made has dog, horse\./);
    await assert.rejects(evaluateRetrieval({ ...engine, images: cats, queries: dogs }), differ);
    const encoder = await PatchEncoder.read(readFileSync('models/photos.safetensors'));
    await assert.rejects(evaluate({ ...engine, encoder, train: cats, test: dogs }), differ);
    const one = made(['cat'], [0, 0, 0, 0]);
    await assert.rejects(
      evaluate({ ...engine, encoder, train: one, test: one }),
      code('bad-data', /all images of "made" are of one class/),
    );
  });

  it('needs labels or copies, and copies of every image', async () => {
    const { labels: _, ...unlabelled } = set([0, 0, 1, 1], (index) => image(50 * index, index));
    await assert.rejects(evaluateRetrieval({ ...engine, images: unlabelled }), code('bad-data', /nothing to measure/));
    const copies = { same: { ...unlabelled, length: 3 } };
    await assert.rejects(
      evaluateRetrieval({ ...engine, images: unlabelled, copies }),
      code('bad-argument', /copies.same is 3/),
    );
    const rows = await evaluateRetrieval({ ...engine, images: unlabelled, copies: { same: unlabelled } });
    assert.ok(rows.every(({ plain }) => plain.retrieval === undefined && plain.originals.same.mean === 1));
  });
});
