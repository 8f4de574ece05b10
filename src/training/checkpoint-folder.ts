import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BagsslError } from '../errors.ts';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';

/** The file whose presence makes a folder a run: it names the tensors' file by digest. */
export const RUN_FILE = 'run.json';

const tensorsFile = (json: string) => `state-${(JSON.parse(json).tensors?.sha256 ?? '').slice(0, 16)}.safetensors`;

/**
 * Writes a checkpoint into a folder. The tensors come first under a name of their own, then run.json replaces the old
 * one in a single rename: whenever the process dies, the folder holds the old checkpoint or the new one, whole.
 */
export async function saveCheckpoint(folder: string, checkpoint: Checkpoint): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { json, tensors } = await encodeCheckpoint(checkpoint);
  const kept = tensorsFile(json);
  await writeWhole(join(folder, kept), tensors);
  await writeWhole(join(folder, RUN_FILE), new TextEncoder().encode(json));
  for (const file of await readdir(folder)) {
    if (/^state-[0-9a-f]*\.safetensors(\.part)?$/.test(file) && file !== kept) await rm(join(folder, file));
  }
}

/** Reads the checkpoint in a folder; one that is missing or damaged is an error ('bad-checkpoint') naming the file. */
export async function loadCheckpoint(folder: string): Promise<Checkpoint> {
  const file = join(folder, RUN_FILE);
  const json = await read(file, `There is no trained model in "${folder}"`);
  let tensors: string;
  try {
    tensors = join(folder, tensorsFile(new TextDecoder().decode(json)));
  } catch (cause) {
    throw new BagsslError(
      'bad-checkpoint',
      `${file} is damaged (${(cause as Error).message}); restore a copy, or train anew.`,
      { cause },
    );
  }
  const bytes = await read(tensors, 'The checkpoint is not complete');
  return decodeCheckpoint(new TextDecoder().decode(json), bytes, file);
}

async function read(file: string, otherwise: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new BagsslError(
      'bad-checkpoint',
      `${otherwise}: ${file} cannot be read (${(cause as { code?: string }).code}).`,
      { cause },
    );
  }
}

async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const part = `${file}.part`;
  const handle = await open(part, 'w');
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(part, file);
}
