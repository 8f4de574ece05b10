import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { decodeImage } from '../../src/data/decode.ts';
import type { Decoder } from '../../src/data/decoder.ts';
import { cosine, createEmbedder, type Embedder } from '../../src/index.ts';
import files from '../golden/formats.json';

/** docs/formats.md states it. */
const SAME = 0.999;

const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
const inNode = typeof process !== 'undefined' && Boolean(process.versions?.node) && !('Deno' in globalThis);

/** What decodes here: the platform's own choice, and in Node what does where sharp is not installed; in Deno that is the choice. */
const decoders: Record<string, () => Promise<Decoder | undefined>> = { 'by default': async () => undefined };
if (inNode) {
  decoders['without sharp'] = async () => (await import('../../src/data/server-decoders.ts')).portableDecoder;
}

describe('every format has the vector that Node with sharp gives it', () => {
  let embedder: Embedder;
  before(async () => {
    embedder = await createEmbedder({ device: 'wasm', threads: 1, workers: 0 });
  });
  after(() => embedder.dispose());

  for (const [how, load] of Object.entries(decoders)) {
    for (const [name, file] of Object.entries(files)) {
      it(`${name}, ${how}`, async () => {
        const warnings: string[] = [];
        const image = await decodeImage(bytesOf(file.bytes), name, {
          decoder: await load(),
          onWarning: (message) => warnings.push(message),
        });
        const side = /^turn[5-8]/.test(name);
        assert.deepEqual([image.width, image.height, image.layout], side ? [32, 64, 'rgba'] : [64, 32, 'rgba']);
        const vector = await embedder.embed(image);
        const expected = Float32Array.from(new Int8Array(bytesOf(file.vector).buffer));
        const found = cosine(vector, expected);
        // docs/formats.md names it: browsers play its track, whose colours Chromium converts in another way.
        const least = name === 'animated.avif' ? 0.98 : SAME;
        assert.ok(found >= least, `cosine ${found.toFixed(5)}`);
        assert.equal(warnings.length, /^(cut|no-end)/.test(name) ? 1 : 0, warnings.join());
      });
    }
  }
});
