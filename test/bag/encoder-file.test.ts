import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { PatchEncoder, Whitening } from '../../src/embed.ts';
import { readSafetensors, writeSafetensors } from '../../src/formats.ts';
import { type BagsslError, createEmbedder } from '../../src/index.ts';
import { Runtime } from '../../src/runtime.ts';
import { initialWeights, runConfig } from '../../src/train.ts';
import { openEmbedder } from '../support/open-embedder.ts';
import { relativeError } from '../support/reference.ts';
import { plainImages, SHORT_RUN } from '../support/short-training.ts';

const { model, recipe, ...config } = runConfig({ ...SHORT_RUN, budget: { steps: 1 } });
const weights = initialWeights({ model, recipe, ...config });
const placement = { kind: 'grid', across: 2 } as const;
const base = { model, recipe, weights, placement, feature: 'embedding' } as const;
const engine = { device: 'native', threads: 1, workers: 0 } as const;
const images = plainImages(40);

async function whitening(): Promise<Whitening> {
  const embedder = await openEmbedder({ ...base, ...engine });
  const vectors = await embedder.matrix(images);
  await embedder.dispose();
  return Whitening.fit(await Runtime.open({ device: 'native', threads: 1 }), vectors);
}

const refused = (work: () => unknown, code: string, said: RegExp) =>
  assert.rejects(
    async () => work(),
    (error: BagsslError) => error.code === code && said.test(error.message),
  );

describe('an encoder as one file', () => {
  it('gives back what was written, in half precision and no more than its feature needs', async () => {
    const encoder = new PatchEncoder({ ...base, whitening: await whitening() });
    const bytes = await encoder.write();
    const { tensors } = readSafetensors(bytes);
    assert.ok(
      Object.keys(tensors).every((name) => /^(encoder|whitening)\./.test(name)),
      `${Object.keys(tensors)}`,
    );
    assert.ok(Object.values(tensors).every(({ dtype }) => dtype === 'F16'));
    const read = await PatchEncoder.read(bytes);
    assert.deepEqual([read.model, read.feature, read.placement], [model, 'embedding', placement]);
    for (const [name, values] of Object.entries(read.weights))
      assert.ok(relativeError(values, weights[name]) < 1e-3, name);
    assert.ok(relativeError(read.whitening!.matrix, encoder.whitening!.matrix) < 1e-3);
    assert.ok(
      'projector.0.linear.weight' in
        (await PatchEncoder.read(await new PatchEncoder({ ...base, feature: 'preFeature' }).write())).weights,
    );
  });

  it('embeds as the encoder it was made of, whitened', async () => {
    const white = await whitening();
    const plain = await openEmbedder({ ...base, ...engine });
    const embedder = await createEmbedder({
      ...engine,
      encoder: await new PatchEncoder({ ...base, whitening: white }).write(),
    });
    for (const index of [0, 39]) {
      const pixels = await images.image(index);
      const expected = white.apply(await plain.embed(pixels));
      assert.ok(relativeError(await embedder.embed(pixels), expected) < 2e-2);
    }
    // A bag is the mean of its patches, whitened or not.
    const { vector, patches } = await embedder.bag(await images.image(0), { keepPatches: true });
    const { data, rows, columns } = patches!.vectors;
    const mean = vector.map(
      (_, i) => Array.from({ length: rows }, (_, r) => data[r * columns + i]).reduce((a, b) => a + b) / rows,
    );
    assert.ok(relativeError(vector, mean) < 1e-5);
    await plain.dispose();
    await embedder.dispose();
  });

  it('has a digest of everything that decides a vector, and of nothing else', async () => {
    const plain = new PatchEncoder(base);
    const white = plain.with({ whitening: await whitening() });
    const other = { ...weights, 'encoder.0.bn.bias': weights['encoder.0.bn.bias'].map((v) => v + 1e-7) };
    const changed = [
      white,
      plain.with({ feature: 'preFeature' }),
      plain.with({ placement: { kind: 'grid', across: 3 } }),
      plain.with({ recipe: { ...recipe, mean: [0.5, 0.5, 0.4] } }),
      plain.with({ weights: other }),
    ];
    const digests = await Promise.all([plain, ...changed].map((encoder) => encoder.digest()));
    assert.equal(new Set(digests).size, digests.length);
    assert.match(digests[0], /^[0-9a-f]{64}$/);
    const again = new PatchEncoder({ ...base, recipe: { ...recipe, flip: 0.1 }, weights: { ...weights } });
    assert.equal(await again.digest(), digests[0]); // a bag is cut without augmentation
    assert.equal(
      await (await PatchEncoder.read(await white.write())).digest(),
      await (await PatchEncoder.read(await white.write())).digest(),
    );
  });

  it('comes with the package, small, and takes images of any size', async () => {
    const file = 'models/cifar10.safetensors';
    assert.ok((await stat(file)).size <= 1_500_000);
    const embedder = await createEmbedder({ ...engine, encoder: file });
    assert.deepEqual([embedder.width, (embedder.encoder as PatchEncoder).feature], [128, 'embedding']);
    for (const [width, height] of [
      [8, 8],
      [32, 32],
      [301, 200],
    ]) {
      const data = Uint8ClampedArray.from({ length: 4 * width * height }, (_, i) => (i * 37) % 251);
      const vector = await embedder.embed({ data, width, height, layout: 'rgba' });
      assert.ok(vector.length === 128 && vector.every(Number.isFinite) && vector.some((v) => v !== 0));
    }
    await embedder.dispose();
  });

  it('refuses what is no encoder, and says why', async () => {
    const other = new Whitening(new Float32Array(3), new Float32Array(9));
    await assert.rejects(
      openEmbedder({ ...base, ...engine, whitening: other }),
      (error: BagsslError) => error.code === 'shape-mismatch' && /3 dimensions, embedding of 16/.test(error.message),
    );
    await refused(() => PatchEncoder.read(writeSafetensors({})), 'bad-checkpoint', /no "bagssl"/);
    await refused(
      () => PatchEncoder.read(writeSafetensors({}, { bagssl: '{"model":' })),
      'bad-checkpoint',
      /no patch encoder/,
    );
    await refused(
      () =>
        PatchEncoder.read(
          writeSafetensors({}, { bagssl: '{"model":{},"recipe":{},"feature":"embedding","placement":{}}' }),
        ),
      'bad-argument',
      /./,
    );
    await refused(() => PatchEncoder.read(new Uint8Array(20)), 'bad-checkpoint', /./);
    const huge = { ...weights, 'encoder.0.conv.weight': weights['encoder.0.conv.weight'].map(() => 1e5) };
    await refused(() => new PatchEncoder({ ...base, weights: huge }).write(), 'bad-argument', /100000/);
    await assert.rejects(
      createEmbedder({ ...engine, encoder: 'nowhere.safetensors' }),
      (error: BagsslError) => error.code === 'bad-data' && /nowhere/.test(error.message),
    );
  });
});
