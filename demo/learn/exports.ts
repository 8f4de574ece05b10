import { exportEmbedder, exportEncoder } from 'bagssl/export';
import type { Checkpoint } from 'bagssl/train';
import { make } from '../common/dom.ts';
import { patchEncoder } from '../common/kept-encoder.ts';
import { attempt, say } from '../common/say.ts';

/** The exported embedder takes pictures of this width and height. */
const SIDE = 256;

/** The downloads: the button's label, the file's name, and how to make it. */
const FILES: readonly (readonly [string, string, (checkpoint: Checkpoint) => Uint8Array | Promise<Uint8Array>])[] = [
  ['Encoder (.safetensors)', 'encoder.safetensors', (checkpoint) => patchEncoder(checkpoint).write()],
  ['Encoder (.onnx)', 'encoder.onnx', (checkpoint) => exportEncoder(patchEncoder(checkpoint))],
  [
    `Pictures of ${SIDE} × ${SIDE} to vectors (.onnx)`,
    'embedder.onnx',
    (checkpoint) => exportEmbedder(patchEncoder(checkpoint), { width: SIDE, height: SIDE }),
  ],
];

/** A button for each file. */
export function showExports(place: HTMLElement, checkpoint: () => Checkpoint): void {
  const buttons = FILES.map(([text, file, bytes]) => {
    const save = async () => download(file, await bytes(checkpoint()));
    return make('button', { type: 'button', onclick: () => void attempt(save) }, text);
  });
  place.replaceChildren(...buttons);
}

function download(name: string, bytes: Uint8Array): void {
  const url = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>]));
  make('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
  say(`Saved ${name}, ${(bytes.length / 1e6).toFixed(1)} MB.`);
}
