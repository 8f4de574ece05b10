import { givenParts } from '../base/options.ts';
import type { Shape } from '../graph/graph.ts';
import type { Outputs } from '../graph/needed.ts';
import { onnxModel, portableOnnx } from '../graph/write-onnx.ts';
import { allEncoderKinds } from '../model/all-encoder-kinds.ts';
import { objectiveOf } from '../objectives/choice.ts';
import { optimizerOf } from '../optimizers/choice.ts';
import { nextOf } from '../runtime/resident-state.ts';
import type { Checkpoint } from '../training/checkpoint.ts';
import { initialState } from '../training/initial-state.ts';
import type { RunConfig } from '../training/run-config.ts';
import { slicedGraphs } from '../training/sliced-graphs.ts';
import { type StepManifest, tensorsOf } from './step.ts';

/** How to train with a step in four models: plain JSON. `name.next` is what a tensor called `name` becomes. */
export interface SplitStepManifest extends Pick<StepManifest, 'position' | 'schedule' | 'batch' | 'reads'> {
  /** Identifies the kind of file. */
  readonly format: 'bagssl-split-step';
  /** Version of the format. */
  readonly version: 1;
  /** Slices of a batch: equal runs of its rows. */
  readonly slices: number;
  /** Of the patches of one slice. */
  readonly patches: Shape;
  /** Of the projections of one slice. */
  readonly projection: Shape;
  /** The sums of the gradients: `gradient` adds a slice's to them. */
  readonly gradients: Readonly<Record<string, Shape>>;
  /** Running statistics, whose next values `gradient` gives; the mean over all slices is the next state. */
  readonly statistics: readonly string[];
  /** The rest of the state, whose next values `update` gives. */
  readonly updated: readonly string[];
}

/** A training step for many machines, as six files. */
export interface ExportedSplitStep {
  /** The .onnx files. */
  readonly models: {
    /** `patches` of a slice → `projection`. */
    readonly project: Uint8Array;
    /** `projection` of the whole batch → `slope`, its gradient, and `loss` and `collapse`. */
    readonly objective: Uint8Array;
    /** `patches` and `slope` of a slice, and the sums so far → the sums with this slice's gradients, and the statistics. */
    readonly gradient: Uint8Array;
    /** The sums over all slices, and the state → the next state. */
    readonly update: Uint8Array;
  };
  /** The state it starts from, safetensors. */
  readonly state: Uint8Array;
  /** What a program that runs the step must know; plain JSON. */
  readonly manifest: SplitStepManifest;
}

/**
 * A training step in models between which machines exchange what they have: each projects its slices, all get all projections, each
 * computes the gradients of its slices, the sums over all machines update the state. The loss is that of the whole batch, and its
 * gradient is exact (gradient caching, Gao et al. 2021), but for batch norm, which takes each slice's own statistics. The number of
 * slices decides the result, the number of machines does not. It computes in float32.
 * @param config with `slices`, 1 or more, which divides images × views
 * @param from the state to continue from; absent: the initial state of a run with this configuration
 * @throws BagsslError `bad-argument` for slices that do not divide the batch, or an objective that needs it in one model;
 * `bad-checkpoint` for a state that is not this run's
 */
export function exportSplitStep(config: RunConfig, from?: Pick<Checkpoint, 'state' | 'position'>): ExportedSplitStep {
  givenParts(config, 'The configuration', 'model', 'objective', 'optimizer', 'schedule', 'budget', 'recipe');
  const { slices, rate, warmup, schedule, budget, images, views, seed, recipe } = config;
  const graphs = slicedGraphs(
    config.model,
    objectiveOf(config.objective),
    optimizerOf(config.optimizer),
    { ...config, size: recipe.size, precision: 'float32', kinds: allEncoderKinds },
    slices,
  );
  const loss = graphs.objective.loss ?? graphs.loss.value!();
  const models = {
    project: graphs.forward,
    objective: { ...graphs.objective, loss },
    gradient: graphs.backward,
    update: Object.assign({}, ...graphs.updates) as Outputs,
  };
  const nextIn = (outputs: Outputs) =>
    graphs.state.map(({ name }) => name).filter((name) => Object.hasOwn(outputs, nextOf(name)));
  const { projection } = graphs.forward;
  const patches = projection.graph.inputs.find(({ name }) => name === 'patches')!;
  const manifest: SplitStepManifest = {
    format: 'bagssl-split-step',
    version: 1,
    slices,
    patches: patches.shape,
    projection: projection.shape,
    gradients: Object.fromEntries(graphs.sums.map(({ name, shape }) => [name, shape])),
    statistics: nextIn(models.gradient),
    updated: nextIn(models.update),
    reads: ['loss', 'collapse'],
    position: from?.position ?? { step: 0, seconds: 0 },
    schedule: { rate, warmup, schedule, budget },
    batch: { images, views, seed, recipe },
  };
  const write = (outputs: Outputs) => portableOnnx(onnxModel(outputs));
  return {
    models: {
      project: write(models.project),
      objective: write(models.objective),
      gradient: write(models.gradient),
      update: write(models.update),
    },
    state: tensorsOf(graphs.state, from?.state ?? initialState(graphs.state, seed)),
    manifest,
  };
}
