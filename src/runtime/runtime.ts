import type * as Ort from 'onnxruntime-web';
import { BagsslError } from '../base/errors.ts';
import { ADDRESS, checkOptions, FUNCTION, OBJECT, oneOf, type Rule, type Rules, whole } from '../base/options.ts';
import { sayOnce } from '../base/shared.ts';
import { availableThreads, chooseDevice } from './choose-device.ts';
import { createSession } from './create-session.ts';
import { DEVICE_CHOICES, type Device, type DeviceChoice, findAdapter, type GpuLimits } from './device.ts';
import { exclusively, loadOrt, type OrtModule } from './ort.ts';
import { BUILDS, type Build, type OrtModules } from './ort-modules.ts';
import { type Capture, type Engine, Program } from './program.ts';

/** Which engine is opened, and where its files are. */
export interface RuntimeOptions {
  /** Default `auto`. */
  readonly device?: DeviceChoice;
  /** CPU threads of the wasm and native engines; default: the processor count, at most 4. Set once per realm for wasm. */
  readonly threads?: number;
  /** URLs of ONNX Runtime's builds by the names they are imported by; default: where imports find them. */
  readonly modules?: OrtModules;
  /** Gets one sentence when `auto` finds no GPU or wasm gets fewer threads than it could; default: console.warn, once. */
  readonly onWarning?: (message: string) => void;
  /**
   * The folder of onnxruntime-web's `ort-wasm-*.mjs` and `.wasm` files, if they are not beside its module. Set once per realm,
   * before the first engine starts; another origin must allow it by CORS.
   */
  readonly wasmUrl?: string | URL;
}

const MODULES: Rule = {
  asked: `an object of URLs by the names of builds: ${BUILDS.join(', ')}`,
  fits: (value) =>
    OBJECT.fits(value) &&
    Object.entries(value as object).every(
      ([name, url]) => BUILDS.includes(name as Build) && (url === undefined || typeof url === 'string'),
    ),
};

/** The rules of `RuntimeOptions`, for every options object that includes them. */
export const RUNTIME_RULES: Rules<RuntimeOptions> = {
  device: oneOf(...DEVICE_CHOICES),
  threads: whole(1),
  modules: MODULES,
  onWarning: FUNCTION,
  wasmUrl: ADDRESS,
};

/** The runtime's part of an options object that includes it. */
export const runtimeOptions = ({ device, threads, modules, onWarning, wasmUrl }: RuntimeOptions): RuntimeOptions => ({
  device,
  threads,
  modules,
  onWarning,
  wasmUrl,
});

/** A file that holds a model's weights. */
export interface ExternalData {
  /** The name that the model calls it by. */
  readonly path: string;
  /** Its bytes. */
  readonly data: Uint8Array;
}

/** Time for a run to end by itself after its GPU is lost, and for news of a loss to arrive after a run has failed. */
const GRACE_MS = 1000;

/** ONNX Runtime on one device. Nothing else calls it directly. */
export class Runtime implements Engine {
  /** Why the GPU is gone, once it is. */
  #lost: string | undefined;
  #loss: Promise<string> | undefined;
  #watched: GPUDevice | undefined;
  /** Rejects the run at hand. */
  #abandon: ((reason: BagsslError) => void) | undefined;

  private constructor(
    readonly ort: OrtModule,
    readonly device: Device,
    readonly threads: number,
    readonly adapter?: string,
    readonly halfFloats = false,
    /** The GPU's; undefined on the CPU. */
    readonly limits?: GpuLimits,
  ) {}

  /**
   * Opens a device. `auto` falls back with one warning that says why.
   * @throws BagsslError `device-unavailable` if a device given by name is missing, saying what to do; `bad-argument`
   */
  static async open(options: RuntimeOptions = {}): Promise<Runtime> {
    checkOptions('Runtime.open', options, RUNTIME_RULES);
    const { device = 'auto', threads, modules, onWarning = sayOnce, wasmUrl } = options;
    const chosen = device === 'auto' ? await chooseDevice(onWarning) : device;
    const found = chosen === 'webgpu' ? await findAdapter() : undefined;
    if (found && 'none' in found) {
      throw new BagsslError(
        'device-unavailable',
        `Device "webgpu" is not available: ${found.none}. Use "auto", or "wasm".`,
      );
    }
    const ort = await loadOrt(chosen, modules);
    const workers = chosen === 'webgpu' ? 1 : availableThreads(threads, chosen, onWarning);
    if (chosen !== 'native') {
      ort.env.wasm.numThreads = workers;
      ort.env.logLevel = 'error';
      if (wasmUrl) ort.env.wasm.wasmPaths = String(wasmUrl).replace(/\/?$/, '/');
    }
    return new Runtime(ort, chosen, workers, found?.name, found?.halfFloats, found?.limits);
  }

  /**
   * Compiles a model.
   * @param externalData the files that hold its weights, by the names it calls them
   * @param capture lets a GPU record the first run and replay it, for a model that runs on one `ResidentState` alone
   * @throws BagsslError `bad-model` for one that ONNX Runtime refuses; `device-unavailable`; `out-of-memory`
   */
  async compile(model: Uint8Array, externalData: readonly ExternalData[] = [], capture?: Capture): Promise<Program> {
    const options: Ort.InferenceSession.SessionOptions = {
      executionProviders: [this.device === 'native' ? 'cpu' : this.device],
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
      // Planned from the first run, it would be allocated beside what that run left: the second run of a step doubles its memory.
      enableMemPattern: false,
      ...(externalData.length > 0 && { externalData }),
      // Threads sleep while they wait. By default they spin, on cores that decode images and cut patches meanwhile.
      ...(this.device === 'native' && {
        intraOpNumThreads: this.threads,
        extra: { 'session.intra_op.allow_spinning': '0' },
      }),
    };
    try {
      const all = { ...options, ...capture?.options };
      const session = await exclusively(() => createSession(this.ort, model, all));
      if (this.device === 'webgpu') this.#watch(await this.gpu());
      return new Program(this, session, capture);
    } catch (cause) {
      if (cause instanceof BagsslError) throw cause;
      if (isOutOfMemory(cause)) throw outOfMemory(this.device, cause);
      const message = (cause as Error).message ?? String(cause);
      // A node has no kernel on the GPU and would run on the CPU.
      if (capture && /graph capture/.test(message)) return capture.plain();
      if (this.device !== 'native' && isUnloaded(message)) throw wasmNotLoaded(message, cause);
      throw new BagsslError('bad-model', `ONNX Runtime (${this.device}) could not load the model: ${message}`, {
        cause,
      });
    }
  }

  session(model: Uint8Array, options: Ort.InferenceSession.SessionOptions): Promise<Ort.InferenceSession> {
    return this.run(() => createSession(this.ort, model, options));
  }

  release(session: Ort.InferenceSession): Promise<void> {
    return exclusively(() => session.release());
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    return exclusively(async () => {
      // ORT's WebGPU build aborts for good when it runs on a lost device, so check first.
      if (this.#lost !== undefined) throw deviceLost(this.#lost);
      try {
        return await (this.#loss ? this.#unlessLost(work) : work());
      } catch (cause) {
        // Firefox fails the run first and reports the loss later.
        if (this.#loss) await Promise.race([this.#loss, pause(GRACE_MS)]);
        if (this.#lost !== undefined) throw deviceLost(this.#lost, cause);
        throw isOutOfMemory(cause) ? outOfMemory(this.device, cause) : cause;
      }
    });
  }

  /** ORT releases its device with its last program and requests a new one for the next: that is not a loss. */
  #watch(gpu: GPUDevice): void {
    if (gpu === this.#watched) return;
    this.#watched = gpu;
    this.#lost = undefined;
    this.#loss = gpu.lost.then(({ reason, message }) => {
      const why = `${reason}${message && `: ${message.split('\n')[0].slice(0, 200)}`}`;
      if (gpu === this.#watched) this.#lost = why;
      const abandon = this.#abandon;
      if (abandon) void pause(GRACE_MS).then(() => abandon(deviceLost(why)));
      return why;
    });
  }

  /** A run on a lost GPU may never end. This is no race with the loss, which would keep the result of every run. */
  #unlessLost<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#abandon = reject;
      work().then(resolve, reject);
    });
  }

  async gpu(): Promise<GPUDevice> {
    return (await this.ort.env.webgpu.device) as GPUDevice;
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

const deviceLost = (reason: string, cause?: unknown) =>
  new BagsslError('device-lost', `The GPU was lost (${reason}). Open it again, or use device "wasm".`, {
    cause,
    reason: `The GPU was lost (${reason}).`,
  });

const isOutOfMemory = (error: unknown) =>
  /bad_alloc|out of memory|allocation failed|failed to allocate|cannot enlarge memory|\bOOM\b/i.test(String(error));

/** Browsers' messages when the file is missing, is an HTML page, or may not be fetched or compiled. */
const isUnloaded = (message: string) =>
  /no available backend found|magic word|WebAssembly\.(instantiate|compile)|fetching of the wasm|failed to fetch|previous call to 'initWasm\(\)' failed/i.test(
    message,
  );

const wasmNotLoaded = (message: string, cause: unknown) =>
  new BagsslError(
    'device-unavailable',
    `ONNX Runtime's WebAssembly could not be loaded (${message.slice(0, 300)}). Serve onnxruntime-web's ort-wasm-* files ` +
      'beside its module, as application/wasm, or set wasmUrl to their folder; a Content-Security-Policy ' +
      "must allow script-src 'wasm-unsafe-eval'. Then reload the page.",
    { cause },
  );

const outOfMemory = (device: Device, cause: unknown) =>
  new BagsslError('out-of-memory', `Out of memory on ${device}. Use a smaller batch, or split it into more "slices".`, {
    cause,
  });
