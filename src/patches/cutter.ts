import { BagsslError } from '../base/errors.ts';
import { type Answer, answer } from '../threads/answer.ts';
import type { Augmentation } from './augmentations/own.ts';
import { type PatchBatch, runJob } from './job.ts';
import { Kernels } from './kernels.ts';
import { type PackedJob, unpackJob } from './pack.ts';

/** What a patch worker does when asked from another thread. */
export interface PatchCutter {
  /** Resolves once the kernels are compiled. */
  ready(): Promise<true>;
  cut(packed: PackedJob): Promise<Answer<PatchBatch>>;
}

/** An augmentation that the owner's thread has loaded and checked. */
async function load(url: string): Promise<Augmentation> {
  try {
    return (await import(url)).default;
  } catch (cause) {
    throw new BagsslError('bad-argument', `A worker could not import the augmentation ${url}: ${cause}`);
  }
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
        const found = await answer(async () => {
          const job = unpackJob(packed, kept); // first, so that both threads agree on what is kept
          const own = await Promise.all(packed.own.map(load));
          return runJob(await kernels, job, packed.into, own);
        });
        const buffer = 'value' in found && found.value.data.buffer;
        return hand(found, buffer instanceof ArrayBuffer ? [buffer] : []);
      } finally {
        for (const key of packed.drop) kept.delete(key);
      }
    },
  };
}
