import { type Answer, answer } from '../threads/answer.ts';
import { type PatchBatch, runJob } from './job.ts';
import { Kernels } from './kernels.ts';
import { type PackedJob, unpackJob } from './pack.ts';

/** What a patch worker does when asked from another thread. */
export interface PatchCutter {
  /** Resolves once the kernels are compiled. */
  ready(): Promise<true>;
  cut(packed: PackedJob): Promise<Answer<PatchBatch>>;
}

/** The half that runs in the worker. `hand` marks what is transferred instead of copied. */
export function patchCutter(hand: <T extends object>(value: T, buffers: ArrayBuffer[]) => T): PatchCutter {
  const kernels = Kernels.load();
  const kept = new Map<string, Uint8Array>();
  // A failure to compile is reported by whichever call comes first, not as an unhandled rejection.
  kernels.catch(() => {});
  return {
    async ready() {
      await kernels;
      return true;
    },
    async cut(packed) {
      try {
        const found = await answer(async () => runJob(await kernels, unpackJob(packed, kept), packed.into));
        const buffer = 'value' in found && found.value.data.buffer;
        return hand(found, buffer instanceof ArrayBuffer ? [buffer] : []);
      } finally {
        for (const key of packed.drop) kept.delete(key);
      }
    },
  };
}
