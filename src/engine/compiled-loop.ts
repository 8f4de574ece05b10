import type { Value } from '../graph/graph.ts';
import { elements } from '../graph/graph.ts';
import type { Outputs } from '../graph/needed.ts';
import type { HostTensor, Program } from '../runtime/program.ts';
import { nextOf, ResidentState, type State, type StateTensor } from '../runtime/resident-state.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { type Capturing, compile } from './compile.ts';

/** Outputs on the host, by name. */
export type Reads = Record<string, Float32Array>;

/** A number as a model's input. */
export const scalar = (value: number): HostTensor => ({ data: Float32Array.of(value), shape: [] });

/** Compiled models that run again and again on one state, which stays on the device. */
export class CompiledLoop {
  private constructor(
    private readonly programs: readonly Program[],
    /** What stays on the device. */
    readonly state: ResidentState,
  ) {}

  /**
   * Compiles the models one after another. If one of them or the state fails, frees what was compiled.
   * @param models each reads tensors of the state by name, and has `name.next` outputs for those it updates
   * @param capturing how to capture them
   */
  static async open(
    runtime: Runtime,
    models: readonly Outputs[],
    tensors: readonly StateTensor[] = [],
    start: State = {},
    capturing?: Capturing,
  ): Promise<CompiledLoop> {
    const programs: Program[] = [];
    try {
      for (const model of models) programs.push(await compile(runtime, model, capturing));
      return new CompiledLoop(programs, await ResidentState.create(runtime, tensors, start));
    } catch (error) {
      for (const program of programs) await program.dispose().catch(() => undefined);
      throw error;
    }
  }

  /** Runs a model, updates the state, and returns those outputs of `reads` that the model has. */
  run(feeds: Readonly<Record<string, HostTensor>>, reads: readonly string[] = [], model = 0): Promise<Reads> {
    return this.state.run(this.programs[model], feeds, reads);
  }

  /** Frees the device's memory, or as much as possible after an engine failure. */
  async dispose(): Promise<void> {
    this.state.dispose();
    for (const program of this.programs) await program.dispose();
  }
}

/**
 * Compiles one model, hands its loop to `work` and frees it, whatever happens.
 * @param reads outputs that are no part of the state
 * @param next the next value of each tensor of the state
 * @param start the first values; zeros where there is none
 */
export async function inLoop<T>(
  runtime: Runtime,
  { reads = {}, next = {}, start = {} }: { reads?: Outputs; next?: Readonly<Record<string, Value>>; start?: State },
  work: (loop: CompiledLoop) => Promise<T>,
): Promise<T> {
  const tensors = Object.entries(next).map(([name, { shape }]) => ({ name, shape }));
  const outputs = Object.fromEntries(Object.entries(next).map(([name, value]) => [nextOf(name), value]));
  const zeros = tensors.map(({ name, shape }) => [name, new Float32Array(elements(shape))]);
  const loop = await CompiledLoop.open(runtime, [{ ...outputs, ...reads }], tensors, {
    ...Object.fromEntries(zeros),
    ...start,
  });
  try {
    return await work(loop);
  } finally {
    await loop.dispose();
  }
}
