import { BagsslError } from '../base/errors.ts';
import { givenParts } from '../base/options.ts';
import { writeSafetensors } from '../formats/safetensors.ts';
import type { Shape, Value } from '../graph/graph.ts';
import { needed } from '../graph/needed.ts';
import { onnxModel, portableOnnx } from '../graph/write-onnx.ts';
import { allEncoderKinds } from '../model/all-encoder-kinds.ts';
import { objectiveOf } from '../objectives/choice.ts';
import { optimizerOf } from '../optimizers/choice.ts';
import type { Recipe } from '../patches/recipe.ts';
import { nextOf, type State } from '../runtime/resident-state.ts';
import type { Checkpoint } from '../training/checkpoint.ts';
import { initialState } from '../training/initial-state.ts';
import type { RunConfig } from '../training/run-config.ts';
import type { Position } from '../training/schedule.ts';
import { stepGraph } from '../training/step-graph.ts';

/** How to train with an exported step: plain JSON. */
export interface StepManifest {
  /** Identifies the kind of file. */
  readonly format: 'bagssl-step';
  /** Version of the format. */
  readonly version: 1;
  /** Float32 inputs to feed at every step, with their shapes: `patches`, and any of `rate`, `step`, `remaining` it uses. */
  readonly inputs: Readonly<Record<string, Shape>>;
  /** The state: after each step, the output `output` is the next step's input `input`. */
  readonly state: readonly { readonly input: string; readonly output: string; readonly shape: Shape }[];
  /** Scalars to read: `loss`, `collapse`; in float16 also `lossScale` and `skipped`. */
  readonly reads: readonly string[];
  /** How far the state has been trained. */
  readonly position: Position;
  /** What `rate` is: the peak times a warm-up and the schedule's share, as the fields of a run's configuration say. */
  readonly schedule: Pick<RunConfig, 'rate' | 'warmup' | 'schedule' | 'budget'>;
  /** How to cut patches: row view · images + image is view `view` of an image. */
  readonly batch: { readonly images: number; readonly views: number; readonly seed: number; readonly recipe: Recipe };
}

/** A training step as three files. */
export interface ExportedStep {
  /** The .onnx file. */
  readonly model: Uint8Array;
  /** The state it starts from, safetensors. */
  readonly state: Uint8Array;
  /** What a program that runs the step must know; plain JSON. */
  readonly manifest: StepManifest;
}

/**
 * A whole training step (forward, loss, gradients, update) as one .onnx file of ordinary operators, with the state it starts
 * from. Any ONNX Runtime trains with it by feeding its outputs back. `step` counts from 1; `remaining` is ½(1 + cos πt), where t is
 * the share of the budget that has been used.
 * @param from the state to continue from; absent: the initial state of a run with this configuration
 * @throws BagsslError `bad-argument` for a run in slices; `bad-checkpoint` for a state that is not this run's
 */
export function exportStep(config: RunConfig, from?: Pick<Checkpoint, 'state' | 'position'>): ExportedStep {
  givenParts(config, 'The configuration', 'model', 'objective', 'optimizer', 'schedule', 'budget', 'recipe');
  const { slices, rate, warmup, schedule, budget, images, views, seed, recipe } = config;
  if (slices > 1) {
    throw new BagsslError(
      'bad-argument',
      `A step in ${slices} slices is ${slices} runs of several models: export it by exportSplitStep (--what gradient,update), or set slices to 1 to export it as one.`,
    );
  }
  const precision = config.precision === 'float16' ? 'float16' : 'float32';
  const graph = stepGraph(config.model, objectiveOf(config.objective), optimizerOf(config.optimizer), {
    ...config,
    size: recipe.size,
    precision,
    kinds: allEncoderKinds,
  });
  const { loss, lossScale, skipped, collapse } = graph.outputs;
  const reads: Record<string, Value> = {
    loss: loss ?? graph.loss.value!(),
    collapse,
    ...(lossScale && { lossScale, skipped }),
  };
  const next = Object.fromEntries(graph.state.map(({ name }) => [nextOf(name), graph.outputs[nextOf(name)]]));
  const outputs = { ...reads, ...next };
  const { values } = needed(outputs);
  const taken = collapse.graph.inputs.filter((input) => values.has(input));
  const kept = new Set(graph.state.map(({ name }) => name));
  const manifest: StepManifest = {
    format: 'bagssl-step',
    version: 1,
    inputs: Object.fromEntries(taken.filter(({ name }) => !kept.has(name)).map(({ name, shape }) => [name, shape])),
    state: taken
      .filter(({ name }) => kept.has(name))
      .map(({ name, shape }) => ({ input: name, output: nextOf(name), shape })),
    reads: Object.keys(reads),
    position: from?.position ?? { step: 0, seconds: 0 },
    schedule: { rate, warmup, schedule, budget },
    batch: { images, views, seed, recipe },
  };
  const state = tensorsOf(graph.state, from?.state ?? initialState(graph.state, seed));
  return { model: portableOnnx(onnxModel(outputs)), state, manifest };
}

/** The state's tensors as safetensors. @throws BagsslError `bad-checkpoint` where one is missing */
export function tensorsOf(
  specs: readonly { readonly name: string; readonly shape: Shape }[],
  state: State,
): Uint8Array {
  const entries = specs.map(({ name, shape }) => {
    const data = state[name];
    if (data) return [name, { dtype: 'F32' as const, shape, data }];
    throw new BagsslError('bad-checkpoint', `The state holds no tensor "${name}", which a step of this run needs.`);
  });
  return writeSafetensors(Object.fromEntries(entries));
}
