import { BagsslError } from '../base/errors.ts';
import type { Checkpoint } from './checkpoint.ts';
import { newestIn, RUN_FILE, saveInto } from './checkpoint-store.ts';
import { folderStore } from './folder-store.ts';

/** Writes a checkpoint into a folder; the one before it is kept beside it. Who trains holds the folder with `openRun`. */
export function saveCheckpoint(folder: string, checkpoint: Checkpoint): Promise<void> {
  return saveInto(folderStore(folder), checkpoint);
}

/**
 * Reads the newest whole checkpoint in a folder: where the last is damaged, with a warning, the one before it.
 * @throws BagsslError `bad-checkpoint`, naming the file
 */
export async function loadCheckpoint(folder: string, onWarning?: (message: string) => void): Promise<Checkpoint> {
  const found = await newestIn(folderStore(folder), onWarning);
  if (found) return found;
  throw new BagsslError('bad-checkpoint', `There is no trained model in "${folder}": it has no ${RUN_FILE}.`);
}
