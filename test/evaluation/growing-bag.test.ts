import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { growingBags } from '../../src/evaluate.ts';
import type { Placement } from '../../src/patches.ts';
import { initialWeights, runConfig } from '../../src/train.ts';
import { openEmbedder } from '../support/open-embedder.ts';
import { relativeError } from '../support/reference.ts';
import { plainImages, SHORT_RUN } from '../support/short-training.ts';

const config = runConfig({ ...SHORT_RUN, budget: { steps: 1 } });
const placement: Placement = { kind: 'all', stride: 4 };
const images = { ...plainImages(), length: 3 };
const open = () =>
  openEmbedder({
    model: config.model,
    recipe: config.recipe,
    weights: initialWeights(config),
    device: 'native',
    threads: 1,
    workers: 1,
  });

describe('bags that grow', () => {
  it('are means of positions of their own image, each size containing the smaller one', async () => {
    await using embedder = await open();
    const counts = [1, 2, 4000];
    const { drawn, all, positions } = await growingBags(embedder, images, { counts, placement, seed: 5 });
    assert.deepEqual(
      drawn.map(({ rows, columns }) => [rows, columns]),
      counts.map(() => [3, embedder.width]),
    );
    assert.deepEqual([...all.data], [...(await embedder.matrix(images, { placement })).data]);

    const rowOf = ({ data, columns }: typeof all, i: number) => data.subarray(i * columns, (i + 1) * columns);
    const same = (a: Float32Array, b: Float32Array) => relativeError(a, b) < 1e-6;
    for await (const { index, count, patches } of embedder.bags(images, { placement, keepPatches: true })) {
      assert.equal(count, positions);
      const vectors = Array.from({ length: count }, (_, k) => rowOf(patches!.vectors, k));
      const one = rowOf(drawn[0], index);
      assert.ok(
        vectors.some((vector) => same(one, vector)),
        'one patch',
      );
      const two = rowOf(drawn[1], index);
      assert.ok(
        vectors.some((vector) =>
          same(
            two,
            vector.map((v, k) => (v + one[k]) / 2),
          ),
        ),
        'the same patch and one more',
      );
      const many = relativeError(rowOf(drawn[2], index), rowOf(all, index));
      assert.ok(many < relativeError(one, rowOf(all, index)) / 5, `4,000 draws lie close to the mean of all, ${many}`);
    }
  });

  it('repeat for a seed, and differ for another', async () => {
    await using embedder = await open();
    const draw = async (seed: number) => [
      ...(await growingBags(embedder, images, { counts: [3], placement, seed })).drawn[0].data,
    ];
    assert.deepEqual(await draw(1), await draw(1));
    assert.notDeepEqual(await draw(1), await draw(2));
  });

  it('refuse sizes that do not rise', async () => {
    await using embedder = await open();
    for (const counts of [[0], [4, 4], [2, 1], [1.5]]) {
      await assert.rejects(growingBags(embedder, images, { counts, placement }), { code: 'bad-argument' });
    }
  });
});
