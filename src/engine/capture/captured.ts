import type * as Ort from 'onnxruntime-web';
import type { Outputs } from '../../graph/needed.ts';
import { bufferOf, onGpu } from '../../runtime/download.ts';
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
  readonly #fed: Record<string, Ort.Tensor> = {};
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
    const placed = new Map(Object.entries(results).map(([name, tensor]) => [name, onGpu(tensor)]));
    for (const tensor of Object.values(results)) tensor.dispose(); // ORT keeps the buffer
    if (copied?.()) return undefined;
    if (!this.tail) return placed;
    const place = (name: string) => placed.get(name)?.buffer ?? bufferOf(given.get(name)!);
    this.#opened ??= await this.tail.open(gpu, place);
    this.#opened.run();
    return new Map([...placed, ...this.#opened.outputs]);
  }

  #feed({ gpu, allocate }: OnDevice, name: string, { data, shape }: HostTensor): Ort.Tensor {
    this.#fed[name] ??= allocate(shape);
    gpu.queue.writeBuffer(bufferOf(this.#fed[name]), 0, data as Float32Array<ArrayBuffer>);
    return this.#fed[name];
  }

  dispose(): void {
    this.#opened?.dispose();
  }
}
