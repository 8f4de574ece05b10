import { movedFrom } from '../threads/node-threads.ts';

/** The encoder that comes with the package, beside this module. */
export function ownEncoder(): URL {
  const moved = movedFrom();
  return moved ? new URL(`${moved}bagssl/dist/encoder.safetensors`) : new URL('./encoder.safetensors', import.meta.url);
}
