import { decodedSet, readableSet } from 'bagssl/data';
import type { Pixels } from 'bagssl/patches';
import { expose, transfer } from 'comlink';
import { answer } from '../../src/threads/answer.ts';
import { imageData } from './draw.ts';
import type { Chosen } from './gather.ts';
import type { ReadingWorker } from './reading.ts';

const worker: ReadingWorker = {
  ready: async () => true,

  async read(files, onProgress) {
    const sources = files.map((chosen) => ({ file: chosen.name, read: () => bytes(chosen) }));
    const found = await answer(async () => {
      // All of them are kept: they are read now and handed over. This is a worker already.
      const all = decodedSet('your pictures', sources, { cacheBytes: Infinity, decoders: 0 });
      const set = await readableSet(all, { onProgress });
      const pixels: Pixels[] = [];
      for (let i = 0; i < set.length; i++) pixels.push(await set.image(i));
      return { pixels, files: set.files, skipped: set.skipped };
    });
    return transfer(found, 'value' in found ? found.value.pixels.map(({ data }) => data.buffer as ArrayBuffer) : []);
  },

  jpeg: (picture) =>
    answer(async () => {
      const canvas = new OffscreenCanvas(picture.width, picture.height);
      canvas.getContext('2d')!.putImageData(imageData(picture), 0, 0);
      return canvas.convertToBlob({ type: 'image/jpeg', quality: 0.92 });
    }),
};

async function bytes({ file }: Chosen): Promise<Uint8Array> {
  if (file instanceof Error) throw file;
  return new Uint8Array(await file.arrayBuffer());
}

expose(worker);
