import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BagsslError } from '../base/errors.ts';
import { checkOptions, given } from '../base/options.ts';
import { bytesAt } from '../data/bytes-at.ts';
import { type EncoderUse, USE_RULES } from '../encoder/encoder-parts.ts';
import { PatchEncoder } from '../encoder/patch-encoder.ts';
import type { Checkpoint } from './checkpoint.ts';
import { newestIn, RUN_FILE, saveInto } from './checkpoint-store.ts';
import { folderStore } from './folder-store.ts';

/** Writes a checkpoint into a folder and keeps the previous one. Lock the folder with `openRun` while training. */
export function saveCheckpoint(folder: string, checkpoint: Checkpoint): Promise<void> {
  return saveInto(folderStore(folder), checkpoint);
}

/**
 * Reads the newest intact checkpoint in a folder. If the last one is damaged, it warns and reads the previous one.
 * @throws BagsslError `bad-checkpoint`, naming the file
 */
export async function loadCheckpoint(folder: string, onWarning?: (message: string) => void): Promise<Checkpoint> {
  const found = await newestIn(folderStore(folder), onWarning);
  if (found) return found;
  throw new BagsslError('bad-checkpoint', `There is no trained model in "${folder}": it has no ${RUN_FILE}.`);
}

/** The encoder in a folder that is no run's. */
const ENCODER_FILE = 'encoder.safetensors';

const isThere = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

/** An encoder and, if a run trained it, the checkpoint of that run. */
export interface LoadedEncoder {
  /** The trained encoder. */
  readonly encoder: PatchEncoder;
  /** The newest intact checkpoint in the run's folder; absent for an encoder file. */
  readonly run?: Checkpoint;
}

/**
 * The encoder at a path: a run's folder, a file written by `PatchEncoder.write`, or a folder with such a file `encoder.safetensors`.
 * @param use overrides the file's settings, or the defaults of `PatchEncoder.from`
 * @throws BagsslError `bad-checkpoint`; `bad-data` if nothing can be read there; `bad-argument`
 */
export async function loadEncoder(path: string, use: EncoderUse = {}): Promise<LoadedEncoder> {
  given(typeof path === 'string', path, 'path', 'the path of a run or of an encoder');
  checkOptions('loadEncoder', use, USE_RULES);
  const wanted: EncoderUse = Object.fromEntries(Object.entries(use).filter(([, value]) => value !== undefined));
  const found = await stat(path).catch(() => undefined);
  if (found && !found.isDirectory()) {
    return { encoder: (await PatchEncoder.read(await bytesAt(path))).with(wanted) };
  }
  const learnt = join(path, ENCODER_FILE);
  if (!(await isThere(join(path, RUN_FILE))) && (await isThere(learnt))) return loadEncoder(learnt, use);
  const run = await loadCheckpoint(path);
  return { encoder: PatchEncoder.from(run, wanted), run };
}
