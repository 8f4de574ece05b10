import { checkBlobName, type RunStore, runBusy } from './run-store.ts';

/** Keeps a run in memory only. For tests, and for programs that store the blobs themselves. */
export function memoryStore(name = 'memory'): RunStore {
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
