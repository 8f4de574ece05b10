import type * as Ort from 'onnxruntime-web';
import { BagsslError } from '../base/errors.ts';
import type { Shape } from '../graph/graph.ts';
import type { Device } from './device.ts';
import type { OnGpu } from './download.ts';
import type { OrtModule } from './ort.ts';

/** The engine that a program runs on. */
export interface Engine {
  /** The build of ONNX Runtime. */
  readonly ort: OrtModule;
  /** Where it computes. */
  readonly device: Device;
  /** CPU threads, 1 or more. */
  readonly threads: number;
  /** The GPU's name; undefined on the CPU. */
  readonly adapter?: string;
  /** Whether it computes in float16, and faster. */
  readonly halfFloats: boolean;
  /**
   * A session of ORT besides those of programs.
   * @throws BagsslError `device-lost`; `out-of-memory`
   */
  session(model: Uint8Array, options: Ort.InferenceSession.SessionOptions): Promise<Ort.InferenceSession>;
  /** Ends a session, also one of a lost device: ORT keeps that device until its last session ends. */
  release(session: Ort.InferenceSession): Promise<void>;
  /** ORT's GPU device; available once a program has been compiled. */
  gpu(): Promise<GPUDevice>;
  /**
   * Runs `work` on ORT after all earlier work.
   * @throws BagsslError `device-lost` when the GPU is lost before or during it; `out-of-memory`
   */
  run<T>(work: () => Promise<T>): Promise<T>;
}

/** A float32 tensor on the host. */
export interface HostTensor {
  /** Row by row. */
  readonly data: Float32Array;
  /** Extents, outermost first; their product is the length of `data`. */
  readonly shape: Shape;
}

/** A program that ORT records on the GPU at its first run and replays afterwards, so that every tensor must stay in one buffer. */
export interface Capture {
  /** Outputs of the model besides the session's. */
  readonly outputs: readonly string[];
  /** What a session needs to record. */
  readonly options: Ort.InferenceSession.SessionOptions;
  /** The same model, not captured, and says why: by default because ORT has no GPU kernel for a node. */
  plain(why?: string): Promise<Program>;
  /** Runs it. Returns where the outputs are, or why it cannot be replayed. */
  run(
    session: Ort.InferenceSession,
    on: OnDevice,
    feeds: Readonly<Record<string, HostTensor>>,
  ): Promise<Placed | string>;
  /** Where the state's tensors were before the last run, by the names of their next values. */
  before(): Placed;
  /** Frees what its runs have allocated, also on a lost device. */
  dispose(): Promise<void>;
}

/** Tensors on the GPU, by name. */
export type Placed = ReadonlyMap<string, OnGpu>;

/** What a captured program runs on. */
export interface OnDevice {
  readonly engine: Engine;
  readonly gpu: GPUDevice;
  /** The state's tensors, and by the names of next values where later ones are. */
  readonly state: Readonly<Record<string, Ort.Tensor>>;
  readonly latest: Placed;
  /** Copies the later values into the tensors. */
  settle(): void;
}

/** A compiled model. */
export class Program implements AsyncDisposable {
  #disposed = false;

  /** Takes over a session; call `Runtime.compile` instead. */
  constructor(
    /** Its engine. */
    readonly runtime: Engine,
    /** ONNX Runtime's session. */
    public session: Ort.InferenceSession,
    /** Set if ORT records and replays it. */
    public capture?: Capture,
  ) {}

  /**
   * Runs the model once and returns the named outputs in host memory; default: all.
   * @throws BagsslError `disposed`, `device-lost`, `out-of-memory`
   */
  async run(
    feeds: Readonly<Record<string, HostTensor>>,
    outputs: readonly string[] = this.session.outputNames,
  ): Promise<Record<string, Float32Array>> {
    if (this.#disposed) throw new BagsslError('disposed', 'The program was disposed; compile the model again.');
    const { Tensor } = this.runtime.ort;
    const tensors = Object.fromEntries(
      Object.entries(feeds).map(([name, { data, shape }]) => [name, new Tensor('float32', data, shape)]),
    );
    const results = await this.runtime.run(() => this.session.run(tensors, outputs));
    return Object.fromEntries(outputs.map((name) => [name, results[name].data as Float32Array]));
  }

  /** Makes it a program that is not captured. */
  async uncapture(why: string): Promise<void> {
    const { session } = await this.capture!.plain(why);
    await this.capture!.dispose();
    this.capture = undefined;
    await this.runtime.release(this.session);
    this.session = session;
  }

  /** Frees the model and its memory on the device; a second call does nothing. */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.capture?.dispose();
    await this.runtime.release(this.session);
  }

  /** As `dispose`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}
