import { BagsslError, type ErrorCode } from '../base/errors.ts';
import { type PatchBatch, runJob } from './job.ts';
import { Kernels } from './kernels.ts';
import { type PackedJob, unpackJob } from './pack.ts';

/** A batch, or the error in its place: Comlink would strip an error of its code. */
export type Outcome =
  | { readonly batch: PatchBatch }
  | { readonly error: { readonly code: ErrorCode; readonly message: string } };

/** What a patch worker does when asked from another thread. */
export interface PatchCutter {
  /** Resolves once the kernels are compiled. */
  ready(): Promise<true>;
  cut(packed: PackedJob): Promise<Outcome>;
}

/** The half that runs in the worker. `hand` marks what is transferred instead of copied. */
export function patchCutter(hand: (outcome: Outcome, buffers: ArrayBuffer[]) => Outcome): PatchCutter {
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
        const batch = runJob(await kernels, unpackJob(packed, kept), packed.into);
        const { buffer } = batch.data;
        return hand({ batch }, buffer instanceof ArrayBuffer ? [buffer] : []);
      } catch (error) {
        if (!(error instanceof BagsslError)) throw error;
        return { error: { code: error.code, message: error.message } };
      } finally {
        for (const key of packed.drop) kept.delete(key);
      }
    },
  };
}
