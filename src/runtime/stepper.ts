import type * as Ort from 'onnxruntime-web';
import { BagsslError } from '../errors.ts';
import type { Shape } from '../graph/graph.ts';
import { elements } from '../graph/shapes.ts';
import { exclusively } from './ort.ts';
import type { HostTensor, Program } from './program.ts';

/** One tensor of a run's state: the model's input of that name, and the output that holds its next value. */
export interface StateTensor {
  readonly input: string;
  readonly output: string;
  readonly shape: Shape;
}

/** Tensors by input name. */
export type State = Readonly<Record<string, Float32Array>>;

/**
 * A program run again and again on its own state. On a GPU the state lives in two sets of buffers that swap: ORT cannot
 * write an output into an input's buffer, and nothing crosses to the host but what is asked for.
 */
export class Stepper {
  #now: Record<string, Ort.Tensor>;
  #next: Record<string, Ort.Tensor> | undefined;
  readonly #buffers: GPUBuffer[];

  private constructor(
    readonly program: Program,
    readonly state: readonly StateTensor[],
    now: Record<string, Ort.Tensor>,
    next: Record<string, Ort.Tensor> | undefined,
    buffers: GPUBuffer[],
  ) {
    this.#now = now;
    this.#next = next;
    this.#buffers = buffers;
  }

  static async create(program: Program, state: readonly StateTensor[], initial: State): Promise<Stepper> {
    const { ort, device } = program.runtime;
    for (const { input, shape } of state) {
      if (initial[input]?.length !== elements(shape)) {
        throw new BagsslError(
          'bad-checkpoint',
          `State tensor "${input}" must have shape [${shape}] (${elements(shape)} elements), got ${initial[input]?.length ?? 'nothing'}.`,
        );
      }
    }
    if (device !== 'webgpu') {
      const now = state.map(({ input, shape }) => [input, new ort.Tensor('float32', initial[input], shape)]);
      return new Stepper(program, state, Object.fromEntries(now), undefined, []);
    }
    const gpu = await program.runtime.gpu();
    const buffers: GPUBuffer[] = [];
    const allocate = (data?: Float32Array, shape: Shape = []) => {
      const size = Math.ceil((elements(shape) * 4) / 16) * 16;
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
      const buffer = gpu.createBuffer({ size, usage });
      buffers.push(buffer);
      if (data) gpu.queue.writeBuffer(buffer, 0, data as Float32Array<ArrayBuffer>);
      return ort.Tensor.fromGpuBuffer(buffer as never, { dataType: 'float32', dims: shape });
    };
    const now = state.map(({ input, shape }) => [input, allocate(initial[input], shape)]);
    const next = state.map(({ input, shape }) => [input, allocate(undefined, shape)]);
    return new Stepper(program, state, Object.fromEntries(now), Object.fromEntries(next), buffers);
  }

  /** One step: the state moves on, and the outputs named in `reads` come back to the host. */
  async step(
    feeds: Readonly<Record<string, HostTensor>>,
    reads: readonly string[],
  ): Promise<Record<string, Float32Array>> {
    const { Tensor } = this.program.runtime.ort;
    const tensors: Record<string, Ort.Tensor> = { ...this.#now };
    for (const [name, { data, shape }] of Object.entries(feeds)) {
      // A model that does not depend on an input (a rule without the step's number, say) has no such input.
      if (this.program.session.inputNames.includes(name)) tensors[name] = new Tensor('float32', data, shape);
    }
    const fetches: Record<string, Ort.Tensor | null> = Object.fromEntries(reads.map((name) => [name, null]));
    for (const { input, output } of this.state) fetches[output] = this.#next?.[input] ?? null;
    const results = await exclusively(() => this.program.session.run(tensors, fetches));
    if (this.#next) [this.#now, this.#next] = [this.#next, this.#now];
    else this.#now = Object.fromEntries(this.state.map(({ input, output }) => [input, results[output] as Ort.Tensor]));
    return Object.fromEntries(reads.map((name) => [name, results[name].data as Float32Array]));
  }

  /** A copy of the state in host memory. */
  async read(): Promise<Record<string, Float32Array>> {
    const entries = this.state.map(async ({ input, shape }) => {
      const tensor = this.#now[input];
      if (!this.#next) return [input, (tensor.data as Float32Array).slice()] as const;
      return [input, await this.#download(tensor.gpuBuffer as never, elements(shape))] as const;
    });
    return Object.fromEntries(await Promise.all(entries));
  }

  async #download(source: GPUBuffer, length: number): Promise<Float32Array> {
    const gpu = await this.program.runtime.gpu();
    const copy = gpu.createBuffer({ size: source.size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    const encoder = gpu.createCommandEncoder();
    encoder.copyBufferToBuffer(source, 0, copy, 0, source.size);
    gpu.queue.submit([encoder.finish()]);
    await copy.mapAsync(GPUMapMode.READ);
    const data = new Float32Array(copy.getMappedRange().slice(0, length * 4));
    copy.destroy();
    return data;
  }

  async dispose(): Promise<void> {
    for (const set of [this.#now, this.#next ?? {}]) for (const tensor of Object.values(set)) tensor.dispose();
    for (const buffer of this.#buffers) buffer.destroy();
    await this.program.dispose();
  }
}
