import type * as Ort from 'onnxruntime-web';
import { BagsslError } from '../base/errors.ts';
import type { Shape } from '../graph/graph.ts';
import { elements } from '../graph/graph.ts';
import { bufferOf, download, type OnGpu, onGpu } from './download.ts';
import type { Engine, HostTensor, Placed, Program } from './program.ts';

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
 * for and updates those that it has a `.next` output for. On a GPU each tensor has two buffers, because ORT cannot write an
 * output into an input's buffer; only requested values are copied to the host. The two swap after a run. A captured program
 * always reads the one buffer and leaves the next value in an output of its own, from where the next run first copies it.
 */
export class ResidentState {
  readonly #now: Record<string, Ort.Tensor>;
  /** The second buffers, made when a program that is not captured first needs them. */
  readonly #spare: Record<string, Ort.Tensor> = {};
  readonly #buffers: GPUBuffer[];
  /** The tensors that the last run updated, before it. */
  #before: Record<string, Ort.Tensor> = {};
  /** The latest values that a captured program has left in its outputs, by the names of those, and where the ones before are. */
  readonly #ahead = new Map<string, OnGpu>();
  #behind: Placed = new Map();
  /** The programs that have run, and so have their memory. */
  readonly #ran = new WeakSet<Program>();

  private constructor(
    readonly engine: Engine,
    readonly tensors: readonly StateTensor[],
    now: Record<string, Ort.Tensor>,
    /** Undefined on a CPU. */
    private readonly gpu: GPUDevice | undefined,
    buffers: GPUBuffer[],
  ) {
    this.#now = now;
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
    const state = new ResidentState(engine, tensors, {}, gpu, []);
    const filled = state.#allocating(gpu, async () => {
      for (const { name, shape } of tensors) {
        state.#now[name] = state.#allocate(gpu, shape);
        gpu.queue.writeBuffer(bufferOf(state.#now[name]), 0, initial[name] as Float32Array<ArrayBuffer>);
      }
      return state;
    });
    filled.catch(() => state.dispose());
    return filled;
  }

  /** Does what makes buffers. That there is no memory for one is said in an error scope alone, and what reads it computes zeros. */
  async #allocating<T>(gpu: GPUDevice, work: () => Promise<T>): Promise<T> {
    gpu.pushErrorScope('out-of-memory');
    return work().finally(async () => {
      const error = await gpu.popErrorScope().catch(() => undefined); // of a lost GPU
      // The engine gives it its code.
      if (error) await this.engine.run(() => Promise.reject(`Out of memory: ${error.message}`));
    });
  }

  #allocate(gpu: GPUDevice, shape: Shape): Ort.Tensor {
    const size = Math.ceil((elements(shape) * 4) / 16) * 16;
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const buffer = gpu.createBuffer({ size, usage });
    this.#buffers.push(buffer);
    return this.engine.ort.Tensor.fromGpuBuffer(buffer as never, { dataType: 'float32', dims: shape });
  }

  /** Runs a program on the state, updates the tensors that it has next values for, and returns those of `reads` that it has. */
  async run(
    program: Program,
    feeds: Readonly<Record<string, HostTensor>>,
    reads: readonly string[],
  ): Promise<Record<string, Float32Array>> {
    const { gpu } = this;
    const run = () => this.#run(program, feeds, reads);
    const found = await (gpu && !this.#ran.has(program) ? this.#allocating(gpu, run) : run());
    this.#ran.add(program);
    return found;
  }

  async #run(
    program: Program,
    feeds: Readonly<Record<string, HostTensor>>,
    reads: readonly string[],
  ): Promise<Record<string, Float32Array>> {
    const { session } = program;
    const names = program.capture?.outputs ?? session.outputNames;
    const has = (name: string) => names.includes(name);
    const shown = reads.filter(has);
    const moved = this.tensors.filter(({ name }) => has(nextOf(name)));
    if (program.capture) {
      const placed = await program.capture.run(
        session,
        {
          engine: this.engine,
          gpu: this.gpu!,
          state: this.#now,
          latest: this.#ahead,
          settle: () => this.#settle(),
        },
        feeds,
      );
      if (typeof placed === 'string') {
        await program.uncapture(placed);
        return this.#run(program, feeds, reads);
      }
      this.#before = {};
      this.#behind = program.capture.before();
      for (const { name } of moved) this.#ahead.set(nextOf(name), placed.get(nextOf(name))!);
      const found = await this.#download(shown.map((name) => placed.get(name)!));
      return Object.fromEntries(shown.map((name, k) => [name, found[k]]));
    }
    this.#settle();
    const { Tensor } = this.engine.ort;
    this.#before = {};
    const inputs: Record<string, Ort.Tensor> = {};
    const fetches: Record<string, Ort.Tensor | null> = Object.fromEntries(shown.map((name) => [name, null]));
    for (const name of session.inputNames) {
      // A model lacks an input that it does not depend on, such as the step's number.
      const fed = feeds[name];
      inputs[name] = fed ? new Tensor('float32', fed.data, fed.shape) : this.#now[name];
    }
    for (const { name, shape } of moved) {
      if (this.gpu) this.#spare[name] ??= this.#allocate(this.gpu, shape);
      fetches[nextOf(name)] = this.#spare[name] ?? null;
    }
    const results = await this.engine.run(() => session.run(inputs, fetches));
    for (const { name } of moved) {
      const before = this.#now[name];
      this.#now[name] = this.#spare[name] ?? results[nextOf(name)];
      if (this.gpu) this.#spare[name] = before;
      this.#before[name] = before;
    }
    return Object.fromEntries(shown.map((name) => [name, results[name].data as Float32Array]));
  }

  /** Copies what a captured program has left in its outputs to where programs read it. */
  #settle(): void {
    if (this.#ahead.size === 0) return;
    const encoder = this.gpu!.createCommandEncoder();
    for (const { name } of this.tensors) {
      const { buffer, length, offset = 0 } = this.#ahead.get(nextOf(name)) ?? onGpu(this.#now[name]);
      const now = bufferOf(this.#now[name]);
      if (buffer !== now) encoder.copyBufferToBuffer(buffer, offset, now, 0, length * 4);
    }
    this.gpu!.queue.submit([encoder.finish()]);
    this.#ahead.clear();
    this.#behind = new Map();
  }

  /** Undoes the last run. */
  undo(): void {
    this.#ahead.clear();
    for (const [name, place] of this.#behind) this.#ahead.set(name, place);
    this.#behind = new Map();
    for (const [name, before] of Object.entries(this.#before)) {
      if (this.gpu) this.#spare[name] = this.#now[name];
      this.#now[name] = before;
    }
    this.#before = {};
  }

  /** Sets the named tensors to zero in place. */
  async clear(names: readonly string[]): Promise<void> {
    if (!this.gpu) {
      for (const name of names) (this.#now[name].data as Float32Array).fill(0);
      return;
    }
    this.#settle();
    const encoder = this.gpu.createCommandEncoder();
    for (const name of names) encoder.clearBuffer(bufferOf(this.#now[name]));
    this.gpu.queue.submit([encoder.finish()]);
  }

  /** A copy of the named tensors in host memory; default: all. */
  async read(names: readonly string[] = this.tensors.map(({ name }) => name)): Promise<Record<string, Float32Array>> {
    const placeOf = (name: string) => this.#ahead.get(nextOf(name)) ?? onGpu(this.#now[name]);
    const found = this.gpu
      ? await this.#download(names.map(placeOf))
      : names.map((name) => (this.#now[name].data as Float32Array).slice());
    return Object.fromEntries(names.map((name, k) => [name, found[k]]));
  }

  async #download(tensors: readonly OnGpu[]): Promise<Float32Array[]> {
    return download(this.gpu!, tensors, (buffer) => this.engine.run(() => buffer.mapAsync(GPUMapMode.READ)));
  }

  dispose(): void {
    for (const set of [this.#now, this.#spare]) for (const tensor of Object.values(set)) tensor.dispose();
    for (const buffer of this.#buffers) buffer.destroy();
  }
}
