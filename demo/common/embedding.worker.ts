import { BagsslError, createEmbedder, type Embedder } from 'bagssl';
import { type Feature, type Matrix, PatchEncoder, type PatchMap, Whitening } from 'bagssl/embed';
import type { Pixels, Placement } from 'bagssl/patches';
import { Runtime } from 'bagssl/runtime';
import { expose, transfer } from 'comlink';
import { type Answer, answer } from '../../src/threads/answer.ts';
import { imageData } from './draw.ts';
import type { EmbeddingWorker, Which } from './embedding.ts';
import type { Engine } from './engine.ts';
import { keptEncoder } from './kept-encoder.ts';

/** In the order they are shown. */
const OWN_FEATURES = ['embedding', 'projection'] as const satisfies readonly Feature[];

let embedders: readonly Embedder[] = [];
/** See `ofPatches`. */
const onPatches = new Map<boolean, Embedder>();
let device: Engine['device'] = 'wasm';

const worker: EmbeddingWorker = {
  ready: async () => true,

  open: (which, asked) =>
    inTurn(async () => {
      const before = embedders;
      embedders = [];
      device = asked;
      for (const embedder of before) await embedder.dispose();
      for (const embedder of onPatches.values()) await embedder.dispose();
      onPatches.clear();
      embedders = await opened(which);
      return embedders[0].encoder.digest();
    }),

  patches: async (picture: Pixels, placement: Placement, whitened: boolean) => {
    const found = await inTurn(async () => {
      const maps: PatchMap[] = [];
      for (const embedder of await ofPatches(whitened)) {
        const { patches } = await embedder.bag(picture, { placement, keepPatches: true });
        maps.push(patches!);
      }
      return maps;
    });
    const buffers = 'value' in found ? found.value.map(({ vectors }) => vectors.data.buffer as ArrayBuffer) : [];
    return transfer(found, buffers);
  },

  bag: (picture) => inTurn(() => first().embed(picture)),

  seen: async (picture, side) => {
    const found = await inTurn(async () => ({
      vector: await first().embed(picture),
      thumbnail: await thumbnail(picture, side),
    }));
    return transfer(found, 'value' in found ? [found.value.thumbnail] : []);
  },

  adapt: (pictures, onProgress) =>
    inTurn(async () => {
      const { adaptEncoder } = await import('bagssl/train');
      const images = { name: 'your pictures', length: pictures.length, image: (i: number) => pictures[i] };
      const { encoder: from } = first();
      if (!(from instanceof PatchEncoder)) {
        const advice = 'Choose the one shipped with bagssl, then press the button again.';
        throw new BagsslError('bad-argument', `This demo adapts no encoder of an .onnx file. ${advice}`);
      }
      const { encoder, gained, reason } = await adaptEncoder({ images, encoder: from, device, workers: 1, onProgress });
      return gained ? { file: await encoder.write() } : { reason: reason! };
    }),

  whitened: (vectors: Matrix, ridge: number) =>
    inTurn(async () => {
      const runtime = await Runtime.open({ device });
      return (await Whitening.fit(runtime, vectors, { ridge })).applyAll(runtime, vectors);
    }),
};

function first(): Embedder {
  const [embedder] = embedders;
  if (!embedder) throw new BagsslError('bad-data', 'No encoder is open. Choose another encoder.');
  return embedder;
}

/** The square in the middle of a picture, at most `side` pixels wide. */
function thumbnail(picture: Pixels, side: number): Promise<ImageBitmap> {
  const { width, height } = picture;
  const square = Math.min(width, height);
  const shown = Math.min(side, square);
  const size = { resizeWidth: shown, resizeHeight: shown, resizeQuality: 'medium' } as const;
  return createImageBitmap(imageData(picture), (width - square) >> 1, (height - square) >> 1, square, square, size);
}

/**
 * An encoder whose layout sees whole pictures has its network looked at on patches: whitened as its finest map is, which tells places
 * apart, or plain as those of an encoder that was trained here.
 */
async function ofPatches(whitened: boolean): Promise<readonly Embedder[]> {
  const { encoder } = first();
  if (!(encoder instanceof PatchEncoder) || typeof encoder.layout === 'string') return embedders;
  let embedder = onPatches.get(whitened);
  if (!embedder) {
    const { blocks, whitenings } = encoder.layout;
    const finest = blocks.reduce((a, b) => (b.side * 100 + b.layer > a.side * 100 + a.layer ? b : a));
    const { mean, matrix } = whitenings[`${finest.side}.${finest.layer}`];
    const whitening = whitened ? new Whitening(mean, matrix) : undefined;
    embedder = await createEmbedder({ device, workers: 1, encoder: encoder.with({ layout: 'mean', whitening }) });
    onPatches.set(whitened, embedder);
  }
  return [embedder];
}

async function opened(which: Which): Promise<readonly Embedder[]> {
  const options = { device, workers: 1 };
  if (which === 'shipped') return [await createEmbedder(options)];
  if (which !== 'own') return [await createEmbedder({ ...options, encoder: which })];
  const kept = await keptEncoder();
  if (!kept) throw new BagsslError('bad-data', 'No encoder has been trained here. Train one under “Learn”.');
  const all: Embedder[] = [];
  for (const feature of OWN_FEATURES) {
    all.push(await createEmbedder({ ...options, encoder: kept.encoder.with({ feature }) }));
  }
  return all;
}

/** One call at a time: an encoder may be requested while the one before it is working. */
let turn: Promise<unknown> = Promise.resolve();

function inTurn<T>(work: () => Promise<T>): Promise<Answer<T>> {
  const given = turn.then(() => answer(work));
  turn = given;
  return given;
}

expose(worker);
