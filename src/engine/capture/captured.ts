import type * as Ort from 'onnxruntime-web';
import { elements, type Shape } from '../../graph/graph.ts';
import type { Outputs } from '../../graph/needed.ts';
import type { OnGpu } from '../../runtime/download.ts';
import type { Capture, HostTensor, OnDevice, Placed, Program } from '../../runtime/program.ts';
import { countCopies } from './count-copies.ts';
import { divided, type Tail } from './divided.ts';
import type { GpuTail } from './gpu-tail.ts';

/** How to capture a model: what ORT computes of it, and the capture that goes with that program. */
export function captured(outputs: Outputs, plain: () => Promise<Program>): { head: Outputs; capture: Capture } {
  const parts = divided(outputs);
  return { head: parts?.head ?? outputs, capture: new Recording(plain, parts?.tail) };
}

/** ORT replays kernels without binding anything or writing their parameters again, as long as every tensor stays in its buffer. */
class Recording implements Capture {
  readonly outputs: readonly string[];
  readonly options: Ort.InferenceSession.SessionOptions = {
    // ORT hands options to the GPU's provider only if it is named by an object.
    executionProviders: [{ name: 'webgpu' }],
    enableGraphCapture: true,
    logSeverityLevel: 4,
  };
  readonly #fed: Record<string, { buffer: GPUBuffer; tensor: Ort.Tensor }> = {};
  #recorded = false;
  #opened?: GpuTail;

  constructor(
    readonly plain: () => Promise<Program>,
    private readonly tail?: Tail,
  ) {
    this.outputs = tail?.outputs ?? [];
  }

  async run(
    session: Ort.InferenceSession,
    on: OnDevice,
    feeds: Readonly<Record<string, HostTensor>>,
  ): Promise<Placed | undefined> {
    const { engine, gpu, state } = on;
    const names = new Set([...session.inputNames, ...(this.tail?.inputs ?? [])]);
    const given = new Map(
      [...names].map((name) => [name, feeds[name] ? this.#feed(on, name, feeds[name]) : state[name]]),
    );
    const inputs = Object.fromEntries(session.inputNames.map((name) => [name, given.get(name)!]));
    const copied = this.#recorded ? undefined : countCopies();
    const results = await engine.run(() => session.run(inputs)).finally(copied);
    this.#recorded = true;
    const placed = new Map<string, OnGpu>();
    for (const name of session.outputNames) {
      const { gpuBuffer, dims } = results[name];
      results[name].dispose(); // ORT keeps the buffer
      placed.set(name, { buffer: gpuBuffer as never as GPUBuffer, length: elements(dims) });
    }
    if (copied?.()) return undefined;
    if (!this.tail) return placed;
    const place = (name: string) => placed.get(name)?.buffer ?? (given.get(name)!.gpuBuffer as never as GPUBuffer);
    this.#opened ??= await this.tail.open(gpu, place);
    this.#opened.run();
    return new Map([...placed, ...this.#opened.outputs]);
  }

  #feed({ engine, gpu }: OnDevice, name: string, { data, shape }: HostTensor): Ort.Tensor {
    this.#fed[name] ??= allocated(engine.ort.Tensor, gpu, shape);
    const { buffer, tensor } = this.#fed[name];
    gpu.queue.writeBuffer(buffer, 0, data as Float32Array<ArrayBuffer>);
    return tensor;
  }

  dispose(): void {
    this.#opened?.dispose();
    for (const { buffer, tensor } of Object.values(this.#fed)) {
      tensor.dispose();
      buffer.destroy();
    }
  }
}

function allocated(Tensor: typeof Ort.Tensor, gpu: GPUDevice, shape: Shape) {
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const buffer = gpu.createBuffer({ size: Math.ceil((elements(shape) * 4) / 16) * 16, usage });
  return { buffer, tensor: Tensor.fromGpuBuffer(buffer as never, { dataType: 'float32', dims: shape }) };
}
