import { PatchEncoder } from 'bagssl/embed';
import type { Checkpoint } from 'bagssl/train';
import { keep, readKept } from './kept-files.ts';

const FILE = 'encoder.safetensors';

/** An encoder trained here. Its weights have its projector, so that other features than `embedding` can be asked of it. */
export type OwnEncoder = PatchEncoder;

/** What a training has learnt so far, with nine patches a picture unless a call says otherwise. */
export const patchEncoder = (checkpoint: Checkpoint): OwnEncoder =>
  PatchEncoder.from(checkpoint, { feature: 'embedding', placement: { kind: 'grid', across: 3 } });

/** Keeps it for the other demos. @throws BagsslError `not-saved` */
export const keepEncoder = async (encoder: OwnEncoder): Promise<void> =>
  keep(FILE, [await encoder.with({ feature: 'projection' }).write()]); // A file holds only what its feature needs.

/** The encoder trained here last, and when; undefined if there is none. */
export async function keptEncoder(): Promise<{ encoder: OwnEncoder; made: Date } | undefined> {
  const file = await readKept(FILE);
  if (!file?.size) return undefined;
  try {
    const encoder = await PatchEncoder.read(new Uint8Array(await file.arrayBuffer()));
    return { encoder: encoder.with({ feature: 'embedding' }), made: new Date(file.lastModified) };
  } catch {
    return undefined; // of an older version, or damaged
  }
}
