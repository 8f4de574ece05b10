import { expose, type Remote, transfer } from 'comlink';
import { BagsslError } from '../base/errors.ts';
import type { Pixels } from '../base/pixels.ts';
import { sayOnce } from '../base/shared.ts';
import type { ImageSet } from '../data/image-set.ts';
import type { AugmentationSource } from '../patches/augmentations/load-own.ts';
import { KeptImages, packPixels } from '../patches/pack.ts';
import { chooseDevice } from '../runtime/choose-device.ts';
import { importBuild } from '../runtime/ort-modules.ts';
import { workerModules } from '../runtime/worker-modules.ts';
import { take } from '../threads/answer.ts';
import { OwnedWorker, type WorkerScript } from '../threads/owned-worker.ts';
import type { Checkpoint, HistoryEntry } from './checkpoint.ts';
import type { Fit, FitOptions, Footing, Step } from './fit-options.ts';
import { ownCode } from './own-code.ts';
import type { RemoteTrainer, TrainerAnswer, TrainerOptions, TrainerOwner } from './remote-trainer.ts';
import type { RunConfig } from './run-config.ts';

const SHARED = {
  name: 'training worker',
  option: 'trainerUrl',
  without: 'Set background: false to train on the calling thread.',
};

// Bundlers find a worker only if its URL is part of the same expression.
const SCRIPT: WorkerScript = {
  ...SHARED,
  file: 'trainer.worker.js',
  web: () => new Worker(new URL('./trainer.worker.js', import.meta.url), { type: 'module' }),
};

/** With what reads an .onnx file, which is as large as half of the rest. */
const ONNX_SCRIPT: WorkerScript = {
  ...SHARED,
  file: 'trainer-onnx.worker.js',
  web: () => new Worker(new URL('./trainer-onnx.worker.js', import.meta.url), { type: 'module' }),
};

/** Kept in a variable so that bundlers do not try to bundle the URLs resolved against it. */
const HERE = import.meta.url;
/** Bytes of images a trainer caches, most recently used first, so that each image is sent only once. */
const KEEP_BYTES = 256 * 1024 ** 2;
/** Seconds a trainer has to free its resources before it is terminated. */
const FAREWELL_SECONDS = 5;

/** An address resolved here, for a thread whose script is elsewhere. */
const absolute = (url: string | URL | undefined) => url && new URL(url, globalThis.location?.href ?? HERE).href;

/** The configuration with its augmentations by addresses that mean the same in every thread. */
async function withAddresses(config: RunConfig): Promise<RunConfig> {
  const { augmentations } = config;
  if (!augmentations) return config;
  const { loadAugmentations } = await import('../patches/augmentations/load-own.ts');
  const { urls } = await loadAugmentations(augmentations as readonly AugmentationSource[], true);
  return { ...config, augmentations: urls };
}

type Ask<T> = (trainer: Remote<RemoteTrainer>) => Promise<TrainerAnswer<T>>;

/** Training in a worker. This thread sends it images and receives its steps. */
export class BackgroundFit implements Fit {
  readonly history: HistoryEntry[];
  #config: RunConfig;
  /** Not `#private`, so that a test can kill it. */
  private started?: Promise<OwnedWorker<RemoteTrainer>>;
  #owner?: MessagePort;
  #disposed = false;
  /** Why an image could not be read. */
  #missing: { readonly error: unknown } | undefined;

  /**
   * @param config the run's, checked
   * @param checkResumed rejects a run that is resumed with other augmentations than it was trained with
   */
  constructor(
    config: RunConfig,
    private readonly options: Omit<FitOptions, 'config'>,
    private readonly checkResumed: (before: RunConfig, now: RunConfig) => Promise<void>,
  ) {
    this.#config = config;
    const [code] = ownCode(this.#config);
    if (code) {
      throw new BagsslError(
        'bad-argument',
        `config.${code.where} is code, which cannot be sent to a worker; train with background: false.`,
      );
    }
    this.history = [...(options.resume?.history ?? [])];
  }

  get config(): RunConfig {
    return this.#config;
  }

  open(): Promise<Footing> {
    return this.#ask<Footing>((trainer) => trainer.open() as Promise<TrainerAnswer<Footing>>);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Step, void, void> {
    const { signal } = this.options;
    const trainer = await this.#trainer();
    const stop = () => void trainer.call((remote) => remote.abort()).catch(() => undefined);
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop);
    try {
      for (;;) {
        const step = await this.#ask((remote) => remote.next() as Promise<TrainerAnswer<Step | undefined>>);
        if (!step) return;
        yield step;
      }
    } finally {
      signal?.removeEventListener('abort', stop);
      if (!trainer.failed) await trainer.call((remote) => remote.leave());
    }
  }

  async checkpoint(): Promise<Checkpoint> {
    const found = await this.#ask((trainer) => trainer.checkpoint());
    return { ...found, config: this.#config, history: [...this.history] };
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    const trainer = await this.started?.catch(() => undefined);
    await trainer?.call((remote) => remote.dispose(), FAREWELL_SECONDS).catch(() => undefined);
    await trainer?.terminate();
    this.#owner?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  async #ask<T>(ask: Ask<T>): Promise<T> {
    const trainer = await this.#trainer();
    return this.#take(await trainer.call(ask));
  }

  /** Applies the changes to the run and returns the value. */
  #take<T>(answer: TrainerAnswer<T>): T {
    const { kept, added, config } = answer;
    if (config) this.#config = config;
    this.history.length = kept;
    this.history.push(...added);
    if ('value' in answer) return answer.value;
    const missing = this.#missing;
    this.#missing = undefined;
    const { code } = answer.error;
    if (missing && code === 'worker-failed') throw missing.error;
    return take(answer, code === 'aborted' ? this.options.signal?.reason : undefined);
  }

  #trainer(): Promise<OwnedWorker<RemoteTrainer>> {
    if (this.#disposed)
      return Promise.reject(new BagsslError('disposed', 'This training was disposed; start another.'));
    this.started ??= this.#start();
    return this.started;
  }

  async #start(): Promise<OwnedWorker<RemoteTrainer>> {
    const { data, signal: _signal, onWarning = sayOnce, background: _background, trainerUrl, ...rest } = this.options;
    const { resume } = rest;
    if (resume) await this.checkResumed(resume.config, this.#config);
    const config = await withAddresses(this.#config);
    const { port1, port2 } = new MessageChannel();
    this.#owner = port1;
    expose(this.#asOwner(data, onWarning), port1);
    (port1 as { unref?(): void }).unref?.(); // otherwise it keeps a Node process alive
    const options: TrainerOptions = {
      ...rest,
      config,
      // The configuration before may hold code.
      resume: resume && { ...resume, config },
      modules: rest.modules ?? (await workerModules(rest.device, { importBuild, chooseDevice })),
      workerUrl: absolute(rest.workerUrl),
      wasmUrl: absolute(rest.wasmUrl),
      data: { name: data.name, length: data.length },
    };
    const start: Ask<undefined> = (remote) =>
      remote.start(options, transfer(port2, [port2])) as Promise<TrainerAnswer<undefined>>;
    const script = config.model.encoder.kind === 'onnx' ? ONNX_SCRIPT : SCRIPT;
    const trainer = new OwnedWorker<RemoteTrainer>(script, trainerUrl);
    try {
      await trainer.ready();
      this.#take(await trainer.call(start));
    } catch (error) {
      await trainer.terminate();
      throw error;
    }
    return trainer;
  }

  #asOwner(data: ImageSet, warn: (message: string) => void): TrainerOwner {
    const kept = new KeptImages(KEEP_BYTES);
    return {
      images: async (indices) => {
        try {
          const images = await Promise.all(indices.map((index) => pixelsOrError(data, index)));
          const buffers: ArrayBuffer[] = [];
          const packed = images.map((image, k) =>
            image instanceof BagsslError ? { unreadable: image.message } : packPixels(indices[k], image, kept, buffers),
          );
          return transfer({ images: packed, drop: kept.evict() }, buffers);
        } catch (error) {
          this.#missing ??= { error };
          return undefined;
        }
      },
      warn,
    };
  }
}

async function pixelsOrError(data: ImageSet, index: number): Promise<Pixels | BagsslError> {
  try {
    return await data.image(index);
  } catch (error) {
    if (error instanceof BagsslError && error.code === 'bad-data') return error;
    throw error;
  }
}
