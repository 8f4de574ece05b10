import { BagsslError } from '../base/errors.ts';

/**
 * Where a run is kept: a few blobs by name, in a folder, in a browser's private files or in memory. Small enough to be
 * written anew for another place, and plain enough to be asked from another thread.
 */
export interface RunStore {
  /** For messages, such as the folder's path. */
  readonly name: string;
  /** The names of all blobs. */
  list(): Promise<string[]>;
  /** Resolves to undefined where there is no blob of that name. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Once it resolves the blob is there, whole; until then the name may hold the old one, or a torn one. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** Takes a blob away; nothing happens where there is none. */
  remove(name: string): Promise<void>;
  /**
   * Takes the run for this process or page until what it resolves to is called, or this process or page ends.
   * @throws BagsslError `run-busy` when another holds it
   */
  lock(): Promise<() => Promise<void>>;
}

/** Names are words, digits, dots and dashes: none leads out of the store, on any file system. */
export function checkBlobName(name: string): string {
  if (!/^[a-z0-9][a-z0-9-]*(\.[a-z0-9-]+)*$/.test(name)) {
    throw new BagsslError(
      'bad-argument',
      `"${name}" cannot name a part of a run; lower-case letters, digits, dots and dashes can.`,
    );
  }
  return name;
}

/** The error of a second one on the same run. */
export const runBusy = (where: string, holder: string): BagsslError =>
  new BagsslError(
    'run-busy',
    `The run in "${where}" is in use by ${holder}. Two cannot train one run: end the other, or keep this one elsewhere.`,
  );
