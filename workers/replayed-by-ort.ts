import type * as Ort from 'onnxruntime-web';
import type { Outputs } from '../src/graph/needed.ts';
import { bufferOf, type OnGpu, onGpu } from '../src/runtime/download.ts';
import { OneAhead } from '../src/runtime/one-ahead.ts';
import type { Capture, HostTensor, OnDevice, Placed, Program } from '../src/runtime/program.ts';

/**
 * In place of the capture with kernels of our own, in a worker: ORT records and replays the whole. That capture makes trainer.worker
 * 59.6 kB (50 allowed) and trainer-onnx.worker 77.5 kB (68 allowed). To be loaded when a GPU is used, it must be a script of its own
 * that imports nothing, which the page finds by `new URL(…, import.meta.url)` and hands over as an address like ORT's builds: bundlers
 * give files other names, so a worker cannot find what is beside it. Vite's dev server, the demos and pages that copy the workers need
 * that script too, and a page without it must fall back to this.
 */
export const captured = (
  outputs: Outputs,
  plain: () => Promise<Program>,
  _limits: unknown,
  say: (message: string) => void,
): { head: Outputs; capture: Capture } => ({
  head: outputs,
  capture: new Replayed(Object.keys(outputs), () => {
    say('This GPU cannot replay steps: they are slower.');
    return plain();
  }),
});

class Replayed implements Capture {
  readonly options: Ort.InferenceSession.SessionOptions = {
    // ORT hands options to the GPU's provider only if it is named by an object.
    executionProviders: [{ name: 'webgpu' }],
    enableGraphCapture: true,
    logSeverityLevel: 4,
  };
  readonly #fed: Record<string, Ort.Tensor> = {};
  readonly #oneAhead = new OneAhead();
  #placed?: Map<string, OnGpu>;

  constructor(
    readonly outputs: readonly string[],
    readonly plain: () => Promise<Program>,
  ) {}

  async run(
    session: Ort.InferenceSession,
    on: OnDevice,
    feeds: Readonly<Record<string, HostTensor>>,
  ): Promise<Placed | string> {
    on.settle();
    const inputs = Object.fromEntries(
      session.inputNames.map((name) => [name, feeds[name] ? this.#feed(on, name, feeds[name]) : on.state[name]]),
    );
    // ORT replays kernels, not its copies, which it makes where an output only renames another tensor.
    const { prototype } = GPUCommandEncoder;
    const copy = prototype.copyBufferToBuffer;
    let copied = false;
    prototype.copyBufferToBuffer = function (this: GPUCommandEncoder, ...args: unknown[]) {
      copied = true;
      return (copy as (...args: unknown[]) => undefined).apply(this, args);
    };
    const results = await on.engine
      .run(async () => {
        const found = await session.run(inputs);
        await this.#oneAhead.after(on.gpu);
        return found;
      })
      .finally(() => {
        prototype.copyBufferToBuffer = copy;
      });
    const recording = !this.#placed;
    this.#placed = new Map(Object.entries(results).map(([name, tensor]) => [name, onGpu(tensor)]));
    for (const tensor of Object.values(results)) tensor.dispose(); // ORT keeps the buffer
    return recording && copied ? '' : this.#placed; // `plain` says why not
  }

  /** The state's own tensors, which `settle` brings up to date before each run. */
  before = (): Placed => new Map();

  #feed({ gpu, engine }: OnDevice, name: string, { data, shape }: HostTensor): Ort.Tensor {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    this.#fed[name] ??= engine.ort.Tensor.fromGpuBuffer(
      gpu.createBuffer({ size: (data.length * 4 + 15) & ~15, usage }) as never,
      { dataType: 'float32', dims: shape },
    );
    gpu.queue.writeBuffer(bufferOf(this.#fed[name]), 0, data as Float32Array<ArrayBuffer>);
    return this.#fed[name];
  }

  async dispose(): Promise<void> {
    for (const tensor of Object.values(this.#fed)) bufferOf(tensor).destroy();
  }
}
