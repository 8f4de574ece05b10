import { sayOnce } from '../base/shared.ts';
import { compile } from '../engine/compile.ts';
import type { Precision } from '../graph/graph.ts';
import type { TensorSpec } from '../model/scope.ts';
import { objectiveOf } from '../objectives/choice.ts';
import type { Loss } from '../objectives/objective.ts';
import { optimizerOf } from '../optimizers/choice.ts';
import { choosePrecision } from '../runtime/precision.ts';
import type { Engine, HostTensor, Program } from '../runtime/program.ts';
import { ResidentState, type State } from '../runtime/resident-state.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { initialState } from './initial-state.ts';
import { SCALING } from './loss-scaling.ts';
import type { RunConfig } from './run-config.ts';
import { halfCosine } from './schedule.ts';
import { type SlicedGraphs, slicedGraphs } from './sliced-graphs.ts';
import { type StepGraph, stepGraph } from './step-graph.ts';

/** A compiled training step with its state: one model, or several if the configuration asks for slices. */
export class TrainingStep {
  private constructor(
    readonly state: readonly TensorSpec[],
    readonly reads: readonly string[],
    readonly loss: Loss,
    readonly precision: Precision,
    private readonly memory: ResidentState,
    private readonly programs: readonly Program[],
    private readonly work: (batch: HostTensor, scalars: Scalars, reads: readonly string[]) => Promise<Reads>,
  ) {}

  /** Compiles the step of a run. The state comes from a checkpoint, or else from the seed. */
  static async create(
    runtime: Runtime,
    config: RunConfig,
    initial?: State,
    onWarning: (message: string) => void = sayOnce,
  ): Promise<TrainingStep> {
    const precision = choosePrecision(runtime, config.precision, onWarning);
    const parts = [
      config.model,
      objectiveOf(config.objective),
      optimizerOf(config.optimizer),
      { ...config, size: config.recipe.size, precision },
    ] as const;
    // A float32 run that resumes in float16 starts with fresh loss scaling.
    const start = initial && { ...initialState(SCALING, 0), ...initial };
    if (config.slices > 1) {
      return TrainingStep.#sliced(runtime, config, slicedGraphs(...parts, config.slices), precision, start);
    }
    const graph: StepGraph = stepGraph(...parts);
    const program = await compile(runtime, graph.outputs);
    const memory = await ResidentState.create(runtime, graph.state, start ?? initialState(graph.state, config.seed));
    return new TrainingStep(
      graph.state,
      graph.reads,
      graph.loss,
      precision,
      memory,
      [program],
      (patches, scalars, reads) => memory.run(program, { patches, ...scalars }, reads),
    );
  }

  static async #sliced(
    runtime: Runtime,
    config: RunConfig,
    graphs: SlicedGraphs,
    precision: Precision,
    initial?: State,
  ): Promise<TrainingStep> {
    const forward = await compile(runtime, graphs.forward);
    const objective = await compile(runtime, graphs.objective);
    const backward = await compile(runtime, graphs.backward);
    const updates: Program[] = [];
    for (const update of graphs.updates) updates.push(await compile(runtime, update));
    const start = { ...initialState(graphs.sums, 0), ...(initial ?? initialState(graphs.state, config.seed)) };
    const memory = await ResidentState.create(runtime, [...graphs.state, ...graphs.sums], start);
    const work = async (patches: HostTensor, scalars: Scalars, reads: readonly string[]) => {
      const slices = slicesOf(patches, config.slices);
      const projections: Float32Array[] = [];
      for (const slice of slices)
        projections.push((await memory.run(forward, { patches: slice }, ['projection'])).projection);
      const width = projections[0].length / slices[0].shape[0];
      const projection = { data: joined(projections), shape: [patches.shape[0], width] };
      const shown = ({ session }: Program) => reads.filter((name) => session.outputNames.includes(name));
      const { slope, ...found } = await memory.run(objective, { projection }, ['slope', ...shown(objective)]);
      if (!slope.every(Number.isFinite)) return found; // nothing to learn from: keep the state
      const slopes = slicesOf({ data: slope, shape: projection.shape }, config.slices);
      await memory.clear(graphs.sums.map(({ name }) => name));
      for (const [k, slice] of slices.entries()) await memory.run(backward, { patches: slice, slope: slopes[k] }, []);
      for (const update of updates) Object.assign(found, await memory.run(update, scalars, shown(update)));
      return found;
    };
    const programs = [forward, objective, backward, ...updates];
    return new TrainingStep(graphs.state, graphs.reads, graphs.loss, precision, memory, programs, work);
  }

  get engine(): Engine {
    return this.memory.engine;
  }

  /**
   * Takes one step on a batch of patches [views·images, 3, size, size], at this share of the run. Returns the outputs that
   * `reads` names.
   */
  run(patches: HostTensor, rate: number, step: number, reads: readonly string[], used = 0): Promise<Reads> {
    const scalar = (value: number) => ({ data: Float32Array.of(value), shape: [] });
    return this.work(patches, { rate: scalar(rate), step: scalar(step), remaining: scalar(halfCosine(used)) }, reads);
  }

  /** Undoes the last step of a single model. A sliced step leaves the state alone if its gradients are not finite. */
  undo(): void {
    if (this.programs.length === 1) this.memory.undo();
  }

  /** A copy of the state. */
  read(): Promise<Record<string, Float32Array>> {
    return this.memory.read(this.state.map(({ name }) => name));
  }

  /** Frees the device's memory, or as much as possible after an engine failure. */
  async dispose(): Promise<void> {
    this.memory.dispose();
    for (const program of this.programs) await program.dispose();
  }
}

type Scalars = Readonly<Record<'rate' | 'step' | 'remaining', HostTensor>>;
type Reads = Record<string, Float32Array>;

/** Equal runs of rows, without copying. */
function slicesOf({ data, shape: [rows, ...rest] }: HostTensor, slices: number): HostTensor[] {
  const length = data.length / slices;
  return Array.from({ length: slices }, (_, k) => ({
    data: data.subarray(k * length, (k + 1) * length),
    shape: [rows / slices, ...rest],
  }));
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
