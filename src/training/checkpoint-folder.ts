import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BagsslError } from '../errors.ts';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
import { fileDigest } from './encoder-file.ts';

/** The file whose presence makes a folder a run: it names the tensors' file by digest. */
export const RUN_FILE = 'run.json';

/** The files that a run's JSON names: its tensors, and its encoder where that is one's own. */
function filesOf(json: string): { tensors: string; encoder?: string } {
  const { tensors, config } = JSON.parse(json);
  const digest = fileDigest(config);
  return {
    tensors: `state-${hex(tensors?.sha256)}.safetensors`,
    encoder: digest === undefined ? undefined : `encoder-${hex(digest)}.onnx`,
  };
}

/** The beginning of a digest; a JSON that nobody checked may name nothing outside the folder. */
const hex = (digest: unknown) => /^[0-9a-f]{0,16}/.exec(String(digest ?? ''))![0];

/**
 * Writes a checkpoint into a folder. The tensors come first under a name of their own, then run.json replaces the old
 * one in a single rename: whenever the process dies, the folder holds the old checkpoint or the new one, whole.
 */
export async function saveCheckpoint(folder: string, checkpoint: Checkpoint): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { json, tensors, encoder } = await encodeCheckpoint(checkpoint);
  const kept = filesOf(json);
  const before = await readdir(folder);
  if (encoder && !before.includes(kept.encoder!)) await writeWhole(join(folder, kept.encoder!), encoder);
  await writeWhole(join(folder, kept.tensors), tensors);
  await writeWhole(join(folder, RUN_FILE), new TextEncoder().encode(json));
  for (const file of before) {
    const own = /^(state-[0-9a-f]*\.safetensors|encoder-[0-9a-f]*\.onnx)(\.part)?$/.test(file);
    if (own && file !== kept.tensors && file !== kept.encoder) await rm(join(folder, file), { force: true });
  }
}

/** Reads the checkpoint in a folder; one that is missing or damaged is an error ('bad-checkpoint') naming the file. */
export async function loadCheckpoint(folder: string): Promise<Checkpoint> {
  const file = join(folder, RUN_FILE);
  const json = await read(file, `There is no trained model in "${folder}"`);
  let files: ReturnType<typeof filesOf>;
  try {
    files = filesOf(new TextDecoder().decode(json));
  } catch (cause) {
    throw new BagsslError(
      'bad-checkpoint',
      `${file} is damaged (${(cause as Error).message}); restore a copy, or train anew.`,
      { cause },
    );
  }
  const part = (name: string) => read(join(folder, name), 'The checkpoint is not complete');
  const tensors = await part(files.tensors);
  const encoder = files.encoder === undefined ? undefined : await part(files.encoder);
  return decodeCheckpoint(new TextDecoder().decode(json), tensors, file, encoder);
}

async function read(file: string, otherwise: string): Promise<Uint8Array> {
  try {
    const { buffer, byteOffset, length } = await readFile(file);
    return new Uint8Array(buffer, byteOffset, length);
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
