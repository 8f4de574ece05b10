import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PatchEncoder } from '../../src/embed.ts';
import { reduceMean } from '../../src/graph/functions.ts';
import { createGraph } from '../../src/graph/ops/index.ts';
import { writeOnnx } from '../../src/graph/write-onnx.ts';
import { type BagsslError, createEmbedder } from '../../src/index.ts';
import { initialWeights, runConfig } from '../../src/train.ts';
import { openEmbedder } from '../support/open-embedder.ts';
import { relativeError } from '../support/reference.ts';
import { plainImages, SHORT_RUN } from '../support/short-training.ts';

const config = runConfig({ ...SHORT_RUN, budget: { steps: 1 } });
const parts = {
  model: config.model,
  recipe: config.recipe,
  weights: initialWeights(config),
  feature: 'preFeature',
  placement: { kind: 'grid', across: 2 },
} as const;
const engine = { device: 'wasm', threads: 1, workers: 0 } as const;

describe('createEmbedder', () => {
  it('finds the encoder that comes with the package', async () => {
    await using embedder = await createEmbedder(engine);
    const { vector, count } = await embedder.bag(await plainImages(2, 32).image(1));
    // It sees the whole image.
    assert.deepEqual([count, vector.length, embedder.width], [1, 504, 504]);
    assert.ok(vector.every(Number.isFinite) && vector.some((value) => value !== 0));
  });

  it('reports how much of the encoder has arrived, and stops when told to', async () => {
    const file = await new PatchEncoder(parts).write();
    const encoder = URL.createObjectURL(new Blob([file]));
    const heard: (readonly number[])[] = [];
    await using embedder = await createEmbedder({ ...engine, encoder, onProgress: (...told) => heard.push(told) });
    assert.equal((embedder.encoder as PatchEncoder).feature, 'preFeature');
    assert.deepEqual(heard.at(-1), [file.length, file.length]);
    const stop = new AbortController();
    const reason = new Error('enough');
    await assert.rejects(
      createEmbedder({ ...engine, encoder, signal: stop.signal, onProgress: () => stop.abort(reason) }),
      (error: BagsslError) => error.code === 'aborted' && error.cause === reason,
    );
  });

  it('names the address where a web page comes in place of the encoder', () =>
    assert.rejects(
      createEmbedder({ ...engine, encoder: 'data:text/html,<!doctype html>' }),
      (error: BagsslError) => error.code === 'bad-data' && /^data:text\/html.* with a web page/.test(error.message),
    ));

  it('takes another one from bytes or a URL, and embeds as it was told there', async () => {
    const file = await new PatchEncoder(parts).write();
    const exact = await openEmbedder({ ...parts, ...engine });
    const expected = await exact.matrix(plainImages(3));
    await exact.dispose();
    for (const encoder of [file, URL.createObjectURL(new Blob([file]))]) {
      const embedder = await createEmbedder({ ...engine, encoder });
      const found = await embedder.matrix(plainImages(3));
      const image = await plainImages(3).image(2);
      assert.ok(relativeError(found.data, expected.data) < 2e-3);
      assert.ok(relativeError(await embedder.embed(image), found.data.subarray(2 * found.columns)) < 1e-5);
      await embedder.dispose();
      await assert.rejects(embedder.embed(image), (error: BagsslError) => error.code === 'disposed');
    }
  });

  it('runs an .onnx file as it is, from bytes or a URL', async () => {
    const x = createGraph().input('x', [1, 3, 8, 8]);
    const file = writeOnnx({ embedding: reduceMean(x, [2, 3]) }) as Uint8Array<ArrayBuffer>;
    const data = Uint8Array.from({ length: 192 }, (_, i) => (i % 3) * 51);
    const image = { data, width: 8, height: 8, layout: 'rgb' } as const;
    const onnx = { input: { mean: 0, std: 1 } };
    for (const encoder of [file, URL.createObjectURL(new Blob([file]))]) {
      await using embedder = await createEmbedder({ ...engine, encoder, onnx });
      assert.ok(relativeError(await embedder.embed(image), Float32Array.of(0, 0.2, 0.4)) < 1e-5);
    }
  });

  it('takes an encoder and a checkpoint as they are, and refuses anything else', async () => {
    const encoder = new PatchEncoder(parts);
    await using direct = await createEmbedder({ ...engine, encoder });
    const expected = await direct.matrix(plainImages(3));
    const checkpoint = { config, state: parts.weights };
    const { placement } = parts;
    await using trained = await createEmbedder({ ...engine, encoder: checkpoint, placement });
    assert.deepEqual((await trained.matrix(plainImages(3))).data, expected.data);
    assert.equal(direct.encoder, encoder);
    for (const wrong of [5, {}, { model: {}, weights: {} }, () => 1, null]) {
      await assert.rejects(
        createEmbedder({ ...engine, encoder: wrong as never }),
        (error: BagsslError) => error.code === 'bad-argument' && /encoder/.test(error.message),
      );
    }
  });
});
