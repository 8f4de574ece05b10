import type { Remote } from 'comlink';
import { BagsslError } from '../base/errors.ts';
import type { Pixels } from '../base/pixels.ts';
import type { ImageSet } from '../data/image-set.ts';
import { type PackedPixels, unpackPixels } from '../patches/pack.ts';
import { type Answer, answer } from '../threads/answer.ts';
import type { Checkpoint, HistoryEntry } from './checkpoint.ts';
import type { FitOptions, Footing, Step } from './fit-options.ts';
import { LocalFit } from './local-fit.ts';
import type { RunConfig } from './run-config.ts';

/** Images in the order of the requests, or why one cannot be read, and the keys of the images to drop. */
interface PackedImages {
  readonly images: readonly (PackedPixels | { readonly unreadable: string })[];
  readonly drop: readonly string[];
}

/** What the thread that started a training does for the trainer. */
export interface TrainerOwner {
  /** Undefined when the data set failed over an image; the owner knows how. */
  images(indices: readonly number[]): Promise<PackedImages | undefined>;
  warn(message: string): void;
}

/** The options that are sent to the trainer as plain values. */
export interface TrainerOptions
  extends Omit<FitOptions, 'data' | 'config' | 'signal' | 'onWarning' | 'background' | 'trainerUrl'> {
  /** The run's, checked. */
  readonly config: RunConfig;
  readonly data: Pick<ImageSet, 'name' | 'length'>;
}

/** How the run has changed since the last answer. */
export interface News {
  readonly config?: RunConfig;
  /** Entries of the history that are unchanged. */
  readonly kept: number;
  /** The entries after them. */
  readonly added: readonly HistoryEntry[];
}

/** An answer, and what has changed in the run. */
export type TrainerAnswer<T> = News & Answer<T>;

/** A checkpoint without the parts that the owner already has. */
export type Snapshot = Omit<Checkpoint, 'config' | 'history'>;

/** A trainer in a worker, as its owner calls it over Comlink. */
export interface RemoteTrainer {
  ready(): Promise<true>;
  /** Called once, before everything else. */
  start(options: TrainerOptions, owner: MessagePort): Promise<TrainerAnswer<undefined>>;
  open(): Promise<TrainerAnswer<Footing>>;
  /** One step; undefined after the last. */
  next(): Promise<TrainerAnswer<Step | undefined>>;
  /** Called when the owner leaves its loop over the steps. */
  leave(): Promise<void>;
  checkpoint(): Promise<TrainerAnswer<Snapshot>>;
  abort(): void;
  dispose(): Promise<void>;
}

/**
 * The worker's half.
 * @param wrap makes a proxy of the owner behind a port
 * @param hand marks buffers to transfer instead of copy
 */
export function remoteTrainer(
  wrap: (port: MessagePort) => Remote<TrainerOwner>,
  hand: <T extends object>(value: T, buffers: Transferable[]) => T,
): RemoteTrainer {
  const stop = new AbortController();
  let fit: LocalFit;
  let steps: AsyncIterator<Step, void> | undefined;
  let config: RunConfig | undefined;
  let known: HistoryEntry[] = [];

  function news(): News {
    const { history } = fit;
    let kept = Math.min(known.length, history.length);
    while (kept > 0 && known[kept - 1] !== history[kept - 1]) kept--; // entries are only ever removed from the end
    known = known.slice(0, kept);
    const added = history.slice(kept);
    known.push(...added);
    const changed = config !== fit.config;
    config = fit.config;
    return { kept, added, ...(changed && { config }) };
  }

  async function withNews<T>(work: () => Promise<T>): Promise<TrainerAnswer<T>> {
    const found = await answer(work);
    return { ...found, ...news() };
  }

  return {
    async ready() {
      return true;
    },
    async start(options, port) {
      const owner = wrap(port); // kept for good: collecting the proxy would close its port
      fit = new LocalFit(options.config, {
        ...options,
        data: imagesOf(options.data, owner),
        signal: stop.signal,
        onWarning: (message) => void owner.warn(message),
      });
      ({ config } = fit);
      known = [...fit.history];
      return withNews(async () => undefined);
    },
    open: () =>
      withNews(async () => {
        const { device, adapter, threads, precision } = await fit.open();
        return { device, adapter, threads, precision };
      }),
    next: () =>
      withNews(async () => {
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
      const found = await withNews(async () => {
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

/** The owner's images. Requests made in one turn go in one message; images are kept until the owner drops them. */
function imagesOf(data: Pick<ImageSet, 'name' | 'length'>, owner: Remote<TrainerOwner>): ImageSet {
  const kept = new Map<string, Uint8Array>();
  let asked: number[] = [];
  let coming: Promise<readonly (Pixels | BagsslError)[]> | undefined;
  async function fetch(): Promise<readonly (Pixels | BagsslError)[]> {
    await undefined;
    const indices = asked;
    asked = [];
    coming = undefined;
    const found = await owner.images(indices);
    if (!found) throw new BagsslError('worker-failed', `"${data.name}" did not give the images ${indices}.`);
    const images = found.images.map((image) =>
      'unreadable' in image ? new BagsslError('bad-data', image.unreadable) : unpackPixels(image, kept),
    );
    for (const key of found.drop) kept.delete(key);
    return images;
  }
  return {
    ...data,
    async image(index) {
      const place = asked.push(index) - 1;
      coming ??= fetch();
      const image = (await coming)[place];
      if (image instanceof BagsslError) throw image;
      return image;
    },
  };
}
