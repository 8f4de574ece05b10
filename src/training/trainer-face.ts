import type { Remote } from 'comlink';
import { BagsslError, type ErrorCode } from '../base/errors.ts';
import type { Pixels } from '../base/pixels.ts';
import type { ImageSet } from '../data/image-set.ts';
import { type PackedPixels, unpackPixels } from '../patches/pack.ts';
import type { Checkpoint, HistoryEntry } from './checkpoint.ts';
import type { FitOptions, Footing, Step } from './fit-options.ts';
import { LocalFit } from './local-fit.ts';
import type { RunConfig } from './run-config.ts';

/** Images in the order they were asked for, and the keys of those to forget. */
interface PackedImages {
  readonly images: readonly PackedPixels[];
  readonly drop: readonly string[];
}

/** What the thread that asked for a training does for it. */
export interface OwnerFace {
  /** Undefined where an image cannot be had; the owner knows why. */
  images(indices: readonly number[]): Promise<PackedImages | undefined>;
  warn(message: string): void;
}

/** What of the options goes to the trainer as a value. */
export interface TrainerOptions
  extends Omit<FitOptions, 'data' | 'signal' | 'onWarning' | 'background' | 'trainerUrl'> {
  readonly data: Pick<ImageSet, 'name' | 'length'>;
}

/** How the run has changed since the last answer. */
export interface News {
  readonly config?: RunConfig;
  /** Entries of the history that stand, and those after them. */
  readonly kept: number;
  readonly added: readonly HistoryEntry[];
}

/** An answer, or the error in its place: Comlink would strip an error of its code. */
export type Answer<T> = News &
  ({ readonly value: T } | { readonly error: { readonly code: ErrorCode; readonly message: string } });

/** A checkpoint without what the owner knows. */
export type Snapshot = Omit<Checkpoint, 'config' | 'history'>;

/** What a trainer does when asked from another thread. */
export interface TrainerFace {
  ready(): Promise<true>;
  /** Once, before everything else. */
  start(options: TrainerOptions, owner: MessagePort): Promise<Answer<undefined>>;
  open(): Promise<Answer<Footing>>;
  /** One step; undefined after the last. */
  next(): Promise<Answer<Step | undefined>>;
  /** The loop was left. */
  leave(): Promise<void>;
  checkpoint(): Promise<Answer<Snapshot>>;
  abort(): void;
  dispose(): Promise<void>;
}

/**
 * The worker's half.
 * @param wrap makes a port the owner's face
 * @param hand marks what is to be transferred instead of copied
 */
export function trainerFace(
  wrap: (port: MessagePort) => Remote<OwnerFace>,
  hand: <T extends object>(value: T, buffers: Transferable[]) => T,
): TrainerFace {
  const stop = new AbortController();
  let fit: LocalFit;
  let steps: AsyncIterator<Step, void> | undefined;
  let config: RunConfig | undefined;
  let known: HistoryEntry[] = [];

  function news(): News {
    const { history } = fit;
    let kept = Math.min(known.length, history.length);
    while (kept > 0 && known[kept - 1] !== history[kept - 1]) kept--; // entries are taken back from the end alone
    known = known.slice(0, kept);
    const added = history.slice(kept);
    known.push(...added);
    const changed = config !== fit.config;
    config = fit.config;
    return { kept, added, ...(changed && { config }) };
  }

  async function answer<T>(work: () => Promise<T>): Promise<Answer<T>> {
    try {
      const value = await work();
      return { value, ...news() };
    } catch (error) {
      if (!(error instanceof BagsslError)) throw error;
      return { error: { code: error.code, message: error.message }, ...news() };
    }
  }

  return {
    async ready() {
      return true;
    },
    async start(options, port) {
      const owner = wrap(port); // held for good: a proxy that is collected would take its port along
      fit = new LocalFit({
        ...options,
        data: imagesOf(options.data, owner),
        signal: stop.signal,
        onWarning: (message) => void owner.warn(message),
      });
      ({ config } = fit);
      known = [...fit.history];
      return answer(async () => undefined);
    },
    open: () =>
      answer(async () => {
        const { device, adapter, threads, precision } = await fit.open();
        return { device, adapter, threads, precision };
      }),
    next: () =>
      answer(async () => {
        steps ??= fit[Symbol.asyncIterator]();
        try {
          const { value } = await steps.next();
          if (!value) steps = undefined;
          return value || undefined;
        } catch (error) {
          steps = undefined;
          throw error;
        }
      }),
    async leave() {
      await steps?.return?.();
      steps = undefined;
    },
    checkpoint: async () => {
      const found = await answer(async () => {
        const { position, state, shapes } = await fit.checkpoint();
        return { position, state, shapes };
      });
      const buffers =
        'value' in found ? Object.values(found.value.state).map(({ buffer }) => buffer as ArrayBuffer) : [];
      return hand(found, buffers);
    },
    abort: () => stop.abort(),
    dispose: () => fit.dispose(),
  };
}

/** The owner's images. Those asked for in one turn come in one message; those that came are kept. */
function imagesOf(data: Pick<ImageSet, 'name' | 'length'>, owner: Remote<OwnerFace>): ImageSet {
  const kept = new Map<string, Uint8Array>();
  let asked: number[] = [];
  let coming: Promise<readonly Pixels[]> | undefined;
  async function fetch(): Promise<readonly Pixels[]> {
    await undefined;
    const indices = asked;
    asked = [];
    coming = undefined;
    const found = await owner.images(indices);
    if (!found) throw new BagsslError('bad-data', `"${data.name}" did not give the images ${indices}.`);
    const images = found.images.map((image) => unpackPixels(image, kept));
    for (const key of found.drop) kept.delete(key);
    return images;
  }
  return {
    ...data,
    async image(index) {
      const place = asked.push(index) - 1;
      coming ??= fetch();
      return (await coming)[place];
    },
  };
}
