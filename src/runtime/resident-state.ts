import type * as Ort from 'onnxruntime-web';
import { BagsslError } from '../base/errors.ts';
import type { Shape } from '../graph/graph.ts';
import { elements } from '../graph/graph.ts';
import type { Engine, HostTensor, Program } from './program.ts';

/** One tensor of a state: programs read it as the input of that name and write its next value to the output `name.next`. */
export interface StateTensor {
  readonly name: string;
  readonly shape: Shape;
}

/** Tensors by name. */
export type State = Readonly<Record<string, Float32Array>>;

export const nextOf = (name: string): string => `${name}.next`;

/**
 * A state that stays on the device while programs run on it, one after another. A program reads the tensors that it has inputs
 * for and updates those that it has a `.next` output for. On a GPU each tensor has two buffers that swap, because ORT cannot
 * write an output into an input's buffer; only requested values are copied to the host.
 */
export class ResidentState {
  readonly #now: Record<string, Ort.Tensor>;
  readonly #spare: Record<string, Ort.Tensor> | undefined;
  readonly #buffers: GPUBuffer[];
  /** The tensors that the last run updated, before it. */
  #before: Record<string, Ort.Tensor> = {};

  private constructor(
    readonly engine: Engine,
    readonly tensors: readonly StateTensor[],
    now: Record<string, Ort.Tensor>,
    spare: Record<string, Ort.Tensor> | undefined,
    buffers: GPUBuffer[],
  ) {
    this.#now = now;
    this.#spare = spare;
    this.#buffers = buffers;
  }

  /** On a GPU, compile a program first: ORT's device comes with it. On a CPU, the arrays are kept, not copied. */
  static async create(engine: Engine, tensors: readonly StateTensor[], initial: State): Promise<ResidentState> {
    const { ort, device } = engine;
    for (const { name, shape } of tensors) {
      if (initial[name]?.length !== elements(shape)) {
        throw new BagsslError(
          'bad-checkpoint',
          `State tensor "${name}" must have shape [${shape}] (${elements(shape)} elements), got ${initial[name]?.length ?? 'nothing'}.`,
        );
      }
    }
    if (device !== 'webgpu') {
      const now = tensors.map(({ name, shape }) => [name, new ort.Tensor('float32', initial[name], shape)]);
      return new ResidentState(engine, tensors, Object.fromEntries(now), undefined, []);
    }
    const gpu = await engine.gpu();
    const buffers: GPUBuffer[] = [];
    const allocate = (shape: Shape, data?: Float32Array) => {
      const size = Math.ceil((elements(shape) * 4) / 16) * 16;
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
      const buffer = gpu.createBuffer({ size, usage });
      buffers.push(buffer);
      if (data) gpu.queue.writeBuffer(buffer, 0, data as Float32Array<ArrayBuffer>);
      return ort.Tensor.fromGpuBuffer(buffer as never, { dataType: 'float32', dims: shape });
    };
    const now = tensors.map(({ name, shape }) => [name, allocate(shape, initial[name])]);
    const spare = tensors.map(({ name, shape }) => [name, allocate(shape)]);
    return new ResidentState(engine, tensors, Object.fromEntries(now), Object.fromEntries(spare), buffers);
  }

  /** Runs a program on the state, updates the tensors that it has next values for, and returns those of `reads` that it has. */
  async run(
    { session }: Program,
    feeds: Readonly<Record<string, HostTensor>>,
    reads: readonly string[],
  ): Promise<Record<string, Float32Array>> {
    const { Tensor } = this.engine.ort;
    this.#before = {};
    const inputs: Record<string, Ort.Tensor> = {};
    const has = (name: string) => session.outputNames.includes(name);
    const shown = reads.filter(has);
    const fetches: Record<string, Ort.Tensor | null> = Object.fromEntries(shown.map((name) => [name, null]));
    const moved = this.tensors.filter(({ name }) => has(nextOf(name)));
    for (const name of session.inputNames) {
      // A model lacks an input that it does not depend on, such as the step's number.
      const fed = feeds[name];
      inputs[name] = fed ? new Tensor('float32', fed.data, fed.shape) : this.#now[name];
    }
    for (const { name } of moved) fetches[nextOf(name)] = this.#spare?.[name] ?? null;
    const results = await this.engine.run(() => session.run(inputs, fetches));
    for (const { name } of moved) {
      const before = this.#now[name];
      this.#now[name] = this.#spare?.[name] ?? results[nextOf(name)];
      if (this.#spare) this.#spare[name] = before;
      this.#before[name] = before;
    }
    return Object.fromEntries(shown.map((name) => [name, results[name].data as Float32Array]));
  }

  /** Undoes the last run. */
  undo(): void {
    for (const [name, before] of Object.entries(this.#before)) {
      if (this.#spare) this.#spare[name] = this.#now[name];
      this.#now[name] = before;
    }
    this.#before = {};
  }

  /** Sets the named tensors to zero in place. */
  async clear(names: readonly string[]): Promise<void> {
    if (!this.#spare) {
      for (const name of names) (this.#now[name].data as Float32Array).fill(0);
      return;
    }
    const gpu = await this.engine.gpu();
    const encoder = gpu.createCommandEncoder();
    for (const name of names) encoder.clearBuffer(this.#now[name].gpuBuffer as never);
    gpu.queue.submit([encoder.finish()]);
  }

  /** A copy of the named tensors in host memory; default: all. */
  async read(names: readonly string[] = this.tensors.map(({ name }) => name)): Promise<Record<string, Float32Array>> {
    const entries = names.map(async (name) => {
      const tensor = this.#now[name];
      if (!this.#spare) return [name, (tensor.data as Float32Array).slice()] as const;
      return [name, await this.#download(tensor.gpuBuffer as never, elements(tensor.dims))] as const;
    });
    return Object.fromEntries(await Promise.all(entries));
  }

  async #download(source: GPUBuffer, length: number): Promise<Float32Array> {
    const gpu = await this.engine.gpu();
    const copy = gpu.createBuffer({ size: source.size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    const encoder = gpu.createCommandEncoder();
    encoder.copyBufferToBuffer(source, 0, copy, 0, source.size);
    gpu.queue.submit([encoder.finish()]);
    await this.engine.run(() => copy.mapAsync(GPUMapMode.READ));
    const data = new Float32Array(copy.getMappedRange().slice(0, length * 4));
    copy.destroy();
    return data;
  }

  dispose(): void {
    for (const set of [this.#now, this.#spare ?? {}]) for (const tensor of Object.values(set)) tensor.dispose();
    for (const buffer of this.#buffers) buffer.destroy();
  }
}
