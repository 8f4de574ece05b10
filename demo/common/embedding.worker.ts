import { BagsslError, createEmbedder, Embedder } from 'bagssl';
import type { Feature, PatchMap } from 'bagssl/embed';
import type { Pixels, Placement } from 'bagssl/patches';
import { expose, transfer } from 'comlink';
import type { Answer, EmbeddingFace, Which } from './embedding.ts';
import { keptEncoder } from './kept-encoder.ts';

/** In the order in which they are shown. */
const OWN_FEATURES = ['embedding', 'projection'] as const satisfies readonly Feature[];

let embedders: readonly Embedder[] = [];

const face: EmbeddingFace = {
  ready: async () => true,

  open: (which, device) =>
    answer(async () => {
      const before = embedders;
      embedders = [];
      for (const embedder of before) await embedder.dispose();
      embedders = await opened(which, device);
      return embedders.map(({ feature }) => feature);
    }),

  patches: async (picture: Pixels, placement: Placement) => {
    const found = await answer(async () => {
      const maps: PatchMap[] = [];
      for (const embedder of embedders) {
        const { patches } = await embedder.bag(picture, { placement, keepPatches: true });
        maps.push(patches!);
      }
      return maps;
    });
    const buffers = 'value' in found ? found.value.map(({ vectors }) => vectors.data.buffer as ArrayBuffer) : [];
    return transfer(found, buffers);
  },

  bag: (picture) => answer(() => embedders[0].embed(picture)),
};

async function opened(which: Which, device: 'webgpu' | 'wasm'): Promise<readonly Embedder[]> {
  const options = { device, workers: 1 };
  if (which === 'shipped') return [await createEmbedder(options)];
  const kept = await keptEncoder();
  if (!kept) throw new BagsslError('bad-data', 'No encoder has been trained here. Train one under “Learn”.');
  const all: Embedder[] = [];
  for (const feature of OWN_FEATURES) all.push(await Embedder.create({ ...kept.encoder, ...options, feature }));
  return all;
}

/** One thing after the other, as an encoder may be asked for while the one before it is at work. */
let turn: Promise<unknown> = Promise.resolve();

/** Comlink hands an error's message over, but not its code. */
function answer<T>(work: () => Promise<T>): Promise<Answer<T>> {
  const given = turn.then(work).then(
    (value): Answer<T> => ({ value }),
    ({ code, message }: BagsslError): Answer<T> => ({ error: { code, message } }),
  );
  turn = given;
  return given;
}

expose(face);
