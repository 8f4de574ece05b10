import type * as Ort from 'onnxruntime-web';
import { BagsslError } from '../base/errors.ts';
import type { Shape } from '../graph/graph.ts';
import type { Device } from './device.ts';
import { exclusively, type OrtModule } from './ort.ts';

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

/** A compiled model. */
export class Program implements AsyncDisposable {
  #disposed = false;

  /** Takes over a session; call `Runtime.compile` instead. */
  constructor(
    /** Its engine. */
    readonly runtime: Engine,
    /** ONNX Runtime's session. */
    readonly session: Ort.InferenceSession,
    /** Whether ORT records the first run on the GPU and replays it afterwards. Then every tensor stays in one buffer. */
    readonly captured = false,
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

  /** Frees the model and its memory on the device; a second call does nothing. */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await exclusively(() => this.session.release());
  }

  /** As `dispose`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}
