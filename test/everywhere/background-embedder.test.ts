import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodedSet, decodeImage, type ImageSet } from '../../src/data.ts';
import { PatchEncoder } from '../../src/embed.ts';
import { reduceMean } from '../../src/graph/functions.ts';
import { createGraph } from '../../src/graph/ops/index.ts';
import { writeOnnx } from '../../src/graph/write-onnx.ts';
import {
  type AnyImage,
  type Bag,
  BagsslError,
  type CreateEmbedderOptions,
  createEmbedder,
  type Embedder,
  type EmbedOptions,
  type ErrorCode,
} from '../../src/index.ts';
import { initialWeights, runConfig } from '../../src/train.ts';
import files from '../golden/formats.json';
import { MODULES } from '../support/modules.ts';
import { plainImages, SHORT_RUN } from '../support/short-training.ts';

const config = runConfig({ ...SHORT_RUN, budget: { steps: 1 } });
const encoder = new PatchEncoder({
  model: config.model,
  recipe: config.recipe,
  weights: initialWeights(config),
  placement: { kind: 'grid', across: 2 },
});
const here = { encoder, device: 'wasm', threads: 1, workers: 0, modules: MODULES } as const;
const inPage = 'document' in globalThis;
const file = (name: keyof typeof files) => Uint8Array.from(atob(files[name].bytes), (c) => c.charCodeAt(0));
const code = (expected: ErrorCode, message = /./) => {
  return (error: unknown) => error instanceof BagsslError && error.code === expected && message.test(error.message);
};

const background = (more: Partial<CreateEmbedderOptions> = {}) =>
  createEmbedder({ ...here, background: true, ...more });

async function bags(embedder: Embedder, images: Parameters<Embedder['bags']>[0], options: EmbedOptions = {}) {
  const all: Bag[] = [];
  for await (const bag of embedder.bags(images, options)) all.push(bag);
  return all;
}

describe('an embedder in a worker', () => {
  it('gives the same bags as in this thread, whatever is asked of them', async () => {
    await using one = await createEmbedder(here);
    await using other = await background({ workers: 1 });
    assert.deepEqual(
      [other.width, other.precision, other.engine, other.encoder],
      [one.width, one.precision, one.engine, one.encoder],
    );
    const images = plainImages(5, 20);
    for (const options of [
      {},
      { keepPatches: true, whole: true, unit: true },
      { weigh: ({ x }: { x: number }, image: number) => x + image + 1, whole: true, unitPatches: true },
      { placement: { kind: 'random', count: 3, seed: 4 } },
    ] as const) {
      assert.deepEqual(await bags(other, images, options), await bags(one, images, options), JSON.stringify(options));
    }
    for (const embedder of [one, other])
      await assert.rejects(embedder.denseStride(), code('bad-model', /no dense bag/));
    // The images were copied on their way.
    assert.equal((await images.image(0)).data.length, 3 * 20 * 20);
    const numbered: ImageSet = { ...images, ids: [3, 7, 8, 20, 31] };
    const placement = { kind: 'random', count: 2, seed: 1 } as const;
    assert.deepEqual(await bags(other, numbered, { placement }), await bags(one, numbered, { placement }));
  });

  it('takes an encoder from everywhere', async () => {
    const expected = await (async () => {
      await using embedder = await createEmbedder({ ...here, placement: { kind: 'tiles', overlap: 0 } });
      return await embedder.matrix(plainImages(2));
    })();
    const bytes = await encoder.write();
    const checkpoint = { config, state: initialWeights(config) };
    const heard: number[] = [];
    for (const [source, feature] of [
      [checkpoint, 'preFeature'],
      [bytes, 'preFeature'],
      [URL.createObjectURL(new Blob([bytes])), 'preFeature'],
    ] as const) {
      await using embedder = await background({
        encoder: source,
        placement: { kind: 'tiles', overlap: 0 },
        onProgress: (done) => heard.push(done),
      });
      assert.equal((embedder.encoder as PatchEncoder).feature, feature);
      const { data } = await embedder.matrix(plainImages(2));
      assert.ok(data.every((value, i) => Math.abs(value - expected.data[i]) < 1e-2));
    }
    assert.equal(heard.at(-1), bytes.length);
    for (const source of [encoder, bytes]) {
      await using halves = await background({ encoder: source, layout: 'halves' });
      await using same = await createEmbedder({ ...here, encoder: source, layout: 'halves' });
      assert.deepEqual(await halves.matrix(plainImages(2)), await same.matrix(plainImages(2)));
    }
    await using own = await background({ encoder: undefined });
    assert.equal((await own.embed(await plainImages(1, 32).image(0))).length, own.width);
    const x = createGraph().input('x', [1, 3, 8, 8]);
    const model = writeOnnx({ embedding: reduceMean(x, [2, 3]) });
    const said: string[] = [];
    await using onnx = await background({ encoder: model, onWarning: (message) => said.push(message) });
    assert.equal((await onnx.embed(await plainImages(1).image(0))).length, 3);
    assert.match(said.join(), /runs as it is/);
    await assert.rejects(background({ encoder: new Uint8Array(20) }), code('bad-checkpoint'));
    await assert.rejects(background({ encoder: 5 as never }), code('bad-argument', /encoder/));
    const kind = { name: 'own', build: () => undefined };
    const code_ = { ...encoder, model: { ...encoder.model, encoder: { kind } } };
    await assert.rejects(background({ encoder: code_ as never }), code('bad-argument', /background: false/));
  });

  it('decodes files elsewhere, to the same vectors, with their errors', async () => {
    await using one = await createEmbedder(here);
    await using other = await background();
    const bytes = file('turn6.jpg');
    const more = new Uint8Array(bytes.length + 10);
    more.set(bytes, 10);
    const images: AnyImage[] = [
      bytes,
      more.subarray(10),
      bytes.buffer,
      new Blob([bytes]),
      new File([file('alpha.png')], 'a.png'),
      URL.createObjectURL(new Blob([file('photo.heic')])),
      file('cmyk.jpg'),
      await plainImages(1).image(0),
    ];
    if (inPage) {
      const canvas = new OffscreenCanvas(20, 10);
      canvas.getContext('2d')!.fillRect(0, 0, 9, 5);
      images.push(canvas, await createImageBitmap(canvas), new ImageData(9, 8));
    }
    assert.deepEqual(await bags(other, images), await bags(one, images));
    assert.equal(bytes.length, file('turn6.jpg').length);

    const broken = [bytes, new File([new Uint8Array(9)], 'b.jpg'), file('plain.png'), bytes.subarray(0, 40)];
    const outcome = async (embedder: Embedder) => {
      const told: unknown[] = [];
      const found = await bags(embedder, broken, { onError: ({ message }, index) => told.push([index, message]) });
      const error = await embedder.matrix(broken).catch(({ code, message }) => [code, message]);
      return { found, told, error };
    };
    assert.deepEqual(await outcome(other), await outcome(one));
    const failing = async function* () {
      yield bytes;
      throw new RangeError('mine');
    };
    await assert.rejects(bags(other, failing()), (error) => error instanceof RangeError && error.message === 'mine');
    await assert.rejects(other.embed(5 as never), code('bad-argument', /An image/));
  });

  it('stops, is left, is taken up again, and ends', async () => {
    const other = await background();
    const stop = new AbortController();
    const reason = new Error('enough');
    const options = { signal: stop.signal, onProgress: (done: number) => done === 3 && stop.abort(reason) };
    await assert.rejects(bags(other, plainImages(40), options as never), (error: unknown) => {
      return code('aborted')(error) && (error as BagsslError).cause === reason;
    });
    // Two streams side by side, one of them left early.
    const left = other.bags(plainImages(400));
    await left.next();
    const whole = await bags(other, plainImages(9));
    assert.equal(whole.length, 9);
    await left.return();
    const forever = async function* () {
      yield await plainImages(1).image(0);
      await new Promise(() => undefined);
    };
    const waiting = other.bags(forever());
    const pending = waiting.next();
    const { worker } = (other as unknown as { maker: { worker: { fail(reason: string): void } } }).maker;
    worker.fail('killed');
    await assert.rejects(pending, code('worker-failed', /worker that embeds stopped: killed/));
    await assert.rejects(other.embed(await plainImages(1).image(0)), code('worker-failed'));
    await other.dispose();
    await assert.rejects(other.embed(await plainImages(1).image(0)), code('disposed'));
    await assert.rejects(background({ signal: AbortSignal.abort() }), code('aborted'));
    const opening = new AbortController();
    const opened = background({ signal: opening.signal });
    opening.abort();
    await assert.rejects(opened, code('aborted'));
  });

  it('says where its script should be, and decodes here where the decoder is missing', async () => {
    const nowhere = new URL('./nowhere.worker.js', import.meta.url);
    await assert.rejects(
      background({ embedderUrl: nowhere }),
      code('worker-failed', /embedder\.worker\.js.*embedderUrl/),
    );
    const said: string[] = [];
    const warn = console.warn;
    console.warn = (message) => said.push(message);
    try {
      const set = decodedSet('some', [new File([file('plain.png')], 'a.png')], { decoders: 1, decoderUrl: nowhere });
      assert.equal((await set.image(0)).width, 64);
    } finally {
      console.warn = warn;
    }
    assert.match(said.join(), /calling thread.*decoder\.worker\.js.*decoderUrl/);
  });
});

describe('decodedSet', () => {
  it('decodes in workers as on this thread, every format, with the same warnings and errors', async () => {
    const all = Object.keys(files).map((name) => new File([file(name as keyof typeof files)], name));
    const sources = [
      ...all,
      new File(['no image'], 'text.jpg'),
      new File([file('plain.png').subarray(0, 60)], 'cut.png'),
    ];
    const outcome = async (decoders: number) => {
      const warnings: string[] = [];
      const onWarning = (message: string) => warnings.push(message);
      const set = decodedSet('all', sources, { decoders, shortSide: 16, onWarning });
      const images = await Promise.all(
        sources.map(async (_, index) => {
          try {
            const { data, width, height, layout } = await set.image(index);
            return [[...data].reduce((sum, value, i) => (sum * 31 + value + i) % 1e9, 0), width, height, layout];
          } catch (error) {
            return (error as Error).message;
          }
        }),
      );
      const bySource = ({ file: a }: { file: string }, { file: b }: { file: string }) => (a < b ? -1 : 1);
      return { images, warnings: warnings.sort(), skipped: [...set.skipped!].sort(bySource) };
    };
    const expected = await outcome(0);
    assert.equal(expected.skipped.length, 2);
    assert.deepEqual(await outcome(2), expected);
    assert.equal((await decodeImage(file('plain.png'), 'a')).width, 64);
  });
});
