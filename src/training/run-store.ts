import { BagsslError } from '../base/errors.ts';
import { given } from '../base/options.ts';

/**
 * Where a run is kept: a few named blobs in a folder, in a browser's private files or in memory. The interface is small enough
 * to implement for other storage, and plain enough to call from another thread.
 */
export interface RunStore {
  /** Label for messages, such as the folder's path. */
  readonly name: string;
  /** The names of all blobs. */
  list(): Promise<string[]>;
  /** Resolves to undefined if there is no blob of that name. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** When it resolves, the blob is stored completely. Until then the name may have the old blob or an incomplete one. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** Removes a blob; does nothing if there is none. */
  remove(name: string): Promise<void>;
  /**
   * Locks the run for this process or page. Call the function it resolves to, or end the process or page, to release it.
   * @throws BagsslError `run-busy` if another process or page holds it
   */
  lock(): Promise<() => Promise<void>>;
}

/** Names have letters, digits, dots and dashes only, so that none leads out of the store on any file system. */
export function checkBlobName(name: string): string {
  if (typeof name !== 'string' || !/^[a-z0-9][a-z0-9-]*(\.[a-z0-9-]+)*$/.test(name)) {
    throw new BagsslError(
      'bad-argument',
      `"${name}" cannot name a part of a run; lower-case letters, digits, dots and dashes can.`,
    );
  }
  return name;
}

/** The error for a second process or page that opens the same run. */
export const runBusy = (where: string, holder: string): BagsslError =>
  new BagsslError(
    'run-busy',
    `The run in "${where}" is in use by ${holder}. Two cannot train one run: end the other, or keep this one elsewhere.`,
  );

/** Keeps a run in memory only. For tests, and for programs that store the blobs themselves. */
export function memoryStore(name = 'memory'): RunStore {
  given(typeof name === 'string', name, 'name', 'a string');
  const blobs = new Map<string, Uint8Array>();
  let held = false;
  return {
    name,
    list: async () => [...blobs.keys()],
    read: async (blob) => blobs.get(blob)?.slice(),
    async write(blob, bytes) {
      blobs.set(checkBlobName(blob), bytes.slice());
    },
    async remove(blob) {
      blobs.delete(blob);
    },
    async lock() {
      if (held) throw runBusy(name, 'this program');
      held = true;
      return async () => {
        held = false;
      };
    },
  };
}
