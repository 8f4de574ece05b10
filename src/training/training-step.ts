import { sayOnce } from '../base/shared.ts';
import type { Capturing } from '../engine/compile.ts';
import { CompiledLoop, type Reads, scalar } from '../engine/compiled-loop.ts';
import type { Precision } from '../graph/graph.ts';
import { checkModel } from '../model/config.ts';
import { kindsFor } from '../model/late-encoder-kinds.ts';
import type { TensorSpec, Weights } from '../model/scope.ts';
import { checkTrainable } from '../model/trainable.ts';
import { objectiveOf } from '../objectives/choice.ts';
import type { Loss } from '../objectives/objective.ts';
import { optimizerOf } from '../optimizers/choice.ts';
import { choosePrecision } from '../runtime/precision.ts';
import type { HostTensor } from '../runtime/program.ts';
import type { State } from '../runtime/resident-state.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { initialState, startingState } from './initial-state.ts';
import { SCALING } from './loss-scaling.ts';
import type { RunConfig } from './run-config.ts';
import { halfCosine } from './schedule.ts';
import { type SlicedGraphs, slicedGraphs } from './sliced-graphs.ts';
import { stepGraph } from './step-graph.ts';

/** A compiled training step with its state: one model, or several if the configuration asks for slices. */
export class TrainingStep {
  private constructor(
    readonly state: readonly TensorSpec[],
    readonly reads: readonly string[],
    readonly loss: Loss,
    readonly precision: Precision,
    private readonly loop: CompiledLoop,
    private readonly sliced?: Sliced,
  ) {}

  /** Compiles the step of a run. The state comes from a checkpoint, or else from the seed and, as far as it goes, from `weights`. */
  static async create(
    runtime: Runtime,
    config: RunConfig,
    initial?: State,
    onWarning: (message: string) => void = sayOnce,
    weights: Weights = {},
  ): Promise<TrainingStep> {
    const { slices, seed } = config;
    const precision = choosePrecision(runtime, config.precision, onWarning);
    const kinds = await kindsFor(config.model.encoder);
    checkModel(config.model, config.recipe.size, kinds);
    if (config.model.encoder.kind === 'onnx')
      checkTrainable(config.model.encoder, config.recipe.size, kinds, onWarning);
    const parts = [
      config.model,
      objectiveOf(config.objective),
      optimizerOf(config.optimizer),
      { ...config, size: config.recipe.size, precision, kinds },
    ] as const;
    const graphs = slices > 1 ? slicedGraphs(...parts, slices) : stepGraph(...parts);
    const { state, reads, loss } = graphs;
    const sliced = 'forward' in graphs ? { slices, graphs } : undefined;
    const models = 'forward' in graphs ? modelsOf(graphs) : [graphs.outputs];
    const sums = sliced?.graphs.sums ?? [];
    const start = {
      ...initialState(sums, 0),
      // A float32 run that resumes in float16 starts with fresh loss scaling.
      ...(initial ? { ...initialState(SCALING, 0), ...initial } : startingState(state, seed, weights)),
    };
    // A slice is fed other tensors each time, so it is not replayed.
    let capturing: Capturing | undefined;
    if (runtime.device === 'webgpu' && !sliced) {
      const { captured } = await import('../engine/capture/captured.ts');
      capturing = (lowered, plain, given) => captured(lowered, plain, runtime, onWarning, given);
    }
    const loop = await CompiledLoop.open(runtime, models, [...state, ...sums], start, capturing);
    return new TrainingStep(state, reads, loss, precision, loop, sliced);
  }

  /**
   * Takes one step on a batch of patches [views·images, 3, size, size], at this share of the run. Returns the outputs that
   * `reads` names.
   */
  run(patches: HostTensor, rate: number, step: number, reads: readonly string[], used = 0): Promise<Reads> {
    const scalars = { rate: scalar(rate), step: scalar(step), remaining: scalar(halfCosine(used)) };
    return this.sliced
      ? slicedStep(this.loop, this.sliced, patches, scalars, reads)
      : this.loop.run({ patches, ...scalars }, reads);
  }

  /** Undoes the last step of a single model. A sliced step leaves the state alone if its gradients are not finite. */
  undo(): void {
    if (!this.sliced) this.loop.state.undo();
  }

  /** A copy of the state. */
  read(): Promise<Reads> {
    return this.loop.state.read(this.state.map(({ name }) => name));
  }

  /** Frees the device's memory, or as much as possible after an engine failure. */
  dispose(): Promise<void> {
    return this.loop.dispose();
  }
}

interface Sliced {
  readonly slices: number;
  readonly graphs: SlicedGraphs;
}

const modelsOf = ({ forward, objective, backward, updates }: SlicedGraphs) => [
  forward,
  objective,
  backward,
  ...updates,
];
const FORWARD = 0;
const OBJECTIVE = 1;
const BACKWARD = 2;
/** The first of them. */
const UPDATES = 3;

/** One step, a slice at a time. */
async function slicedStep(
  loop: CompiledLoop,
  { slices, graphs }: Sliced,
  patches: HostTensor,
  scalars: Readonly<Record<string, HostTensor>>,
  reads: readonly string[],
): Promise<Reads> {
  const batch = slicesOf(patches, slices);
  const projections: Float32Array[] = [];
  for (const slice of batch) {
    projections.push((await loop.run({ patches: slice }, ['projection'], FORWARD)).projection);
  }
  const width = projections[0].length / batch[0].shape[0];
  const projection = { data: joined(projections), shape: [patches.shape[0], width] };
  const { slope, ...found } = await loop.run({ projection }, ['slope', ...reads], OBJECTIVE);
  if (!slope.every(Number.isFinite)) return { ...found, slope: slope.map(() => Number.NaN) }; // the state stays
  const slopes = slicesOf({ data: slope, shape: projection.shape }, slices);
  await loop.state.clear(graphs.sums.map(({ name }) => name));
  for (const [k, slice] of batch.entries()) await loop.run({ patches: slice, slope: slopes[k] }, [], BACKWARD);
  for (const k of graphs.updates.keys()) Object.assign(found, await loop.run(scalars, reads, UPDATES + k));
  return found;
}

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
