import { BagsslError } from '../base/errors.ts';
import {
  aboveZero,
  checkOptions,
  listOf,
  needed,
  OBJECT,
  oneOf,
  type Rule,
  type Rules,
  SHARE,
  whole,
} from '../base/options.ts';
import { isOwnPart, type OwnPart } from '../base/own-part.ts';
import { quote } from '../base/values.ts';
import { checkModel, compact, type ModelConfig } from '../model/config.ts';
import { uncheckedKinds } from '../model/unchecked-kinds.ts';
import { type ObjectiveChoice, objectiveOf } from '../objectives/choice.ts';
import type { Objective } from '../objectives/objective.ts';
import { type OptimizerChoice, optimizerOf } from '../optimizers/choice.ts';
import type { Optimizer } from '../optimizers/optimizer.ts';
import type { AugmentationSource } from '../patches/augmentations/load-own.ts';
import { cifar16 } from '../patches/presets.ts';
import type { Recipe } from '../patches/recipe.ts';
import { checkRecipe } from '../patches/recipe.ts';
import type { PrecisionChoice } from '../runtime/precision.ts';
import { PRECISION_CHOICES } from '../runtime/precision.ts';

/** Everything that determines a run: plain JSON, except the bytes of an .onnx encoder and parts of your own. */
export interface RunConfig {
  /** Seed of the weights, the order of images and every random draw: a whole number, 0 or more; default 0. */
  readonly seed: number;
  /** What patches are cut and how they are augmented; default `presets.cifar16`. */
  readonly recipe: Recipe;
  /**
   * Your own augmentations, in the order they are applied, which the recipe asks for by name in `own`: URLs of modules, or with
   * `workers: 0` the augmentations themselves, as for `PatchPool.create`; absent: none.
   */
  readonly augmentations?: readonly (AugmentationSource | OwnPart)[];
  /** The network; default `compact`. */
  readonly model: ModelConfig;
  /** What is minimised: a kind with its options, or a custom objective; default the coding rate. */
  readonly objective: ObjectiveChoice | Objective | OwnPart;
  /** The update rule: a kind with its options, or a custom optimizer; default LARS. */
  readonly optimizer: OptimizerChoice | Optimizer | OwnPart;
  /** Peak learning rate, reached after `warmup` steps; `schedule` says how it falls over the budget. */
  readonly rate: number;
  /** Steps over which the rate rises linearly from 0; default 30. */
  readonly warmup: number;
  /** How the rate falls over the budget; default `cosine`. */
  readonly schedule: Schedule;
  /** Keep a moving average of the weights, w̄ ← averaging·w̄ + (1 − averaging)·w after every step; absent: none. */
  readonly averaging?: number;
  /**
   * Run the network on the batch in this many slices, so that it needs the memory of one slice only; default 1. The loss sees
   * the whole batch, batch norm one slice. views·images must be a multiple of it.
   */
  readonly slices: number;
  /**
   * What the network computes in, forward and backward; default float32. float16 (WebGPU with `shader-f16`) keeps parameters,
   * loss and update in float32; `auto` uses it if the GPU supports it.
   */
  readonly precision: PrecisionChoice;
  /** Images in a batch and views (patches) of each. */
  readonly images: number;
  /** Patches of each image in a batch, at least 2; default 4. */
  readonly views: number;
  /** When training ends: after a number of steps, or of minutes of training (which no two machines repeat). */
  readonly budget: { readonly steps: number } | { readonly minutes: number };
}

/** The learning rate over the budget: half a cosine to zero, one value, or times `factor` at each share in `at` (0 to 1). */
export type Schedule =
  | { readonly kind: 'cosine' }
  | { readonly kind: 'constant' }
  | { readonly kind: 'step'; readonly at: readonly number[]; readonly factor: number };

/** The default run; see docs/recipe.md for how it was found. */
const DEFAULTS: Omit<RunConfig, 'budget'> = {
  seed: 0,
  recipe: cifar16,
  model: compact,
  objective: { kind: 'coding-rate', epsilon2: 0.2, similarity: 150 },
  optimizer: { kind: 'lars', trust: 0.005, momentum: 0.9, nesterov: true, weightDecay: 1e-4, biasRate: 0.1 },
  rate: 0.3,
  warmup: 30,
  schedule: { kind: 'cosine' },
  slices: 1,
  precision: 'float32',
  images: 50,
  views: 4,
};

/** Rules for the fields of a run. Network, recipe, objective and optimizer check their own options. */
const RULES: Rules<RunConfig> = {
  seed: needed(whole(0)),
  recipe: needed(OBJECT),
  augmentations: { asked: 'an array of augmentations or URLs', fits: Array.isArray },
  model: needed(OBJECT),
  objective: needed(OBJECT),
  optimizer: needed(OBJECT),
  rate: needed(aboveZero(10_000)),
  warmup: needed(whole(0)),
  schedule: needed(OBJECT),
  averaging: SHARE,
  slices: needed(whole(1)),
  precision: needed(oneOf(...PRECISION_CHOICES)),
  images: needed(whole(2)),
  views: needed(whole(2)),
  budget: needed(OBJECT),
};

/** What differs from the default, and how long to train. */
export type RunChanges = Partial<RunConfig> & Pick<RunConfig, 'budget'>;

/** Whether a run has an option of this name. */
export const isRunOption = (name: string): boolean => Object.hasOwn(RULES, name);

/**
 * A complete, checked configuration from what differs from the default. Of an .onnx encoder only the options are checked, unless
 * `kinds` has what reads the file.
 */
export function completeConfig(overrides: RunChanges, kinds = uncheckedKinds): RunConfig {
  const config: RunConfig = { ...DEFAULTS, ...overrides };
  checkOptions('config', config, RULES);
  checkRecipe(config.recipe);
  if (!isOwnPart(config.model.encoder)) checkModel(config.model, config.recipe.size, kinds);
  checkSchedule(config.schedule);
  checkBudget(config.budget);
  // Building them rejects bad options. The caller passes parts that a checkpoint cannot hold again later.
  if (!isOwnPart(config.objective)) objectiveOf(config.objective);
  if (!isOwnPart(config.optimizer)) optimizerOf(config.optimizer);
  return config;
}

const SCHEDULES: Readonly<Record<Schedule['kind'], Readonly<Record<string, Rule>>>> = {
  cosine: {},
  constant: {},
  step: { at: needed(listOf(SHARE)), factor: needed(SHARE) },
};

function checkSchedule(schedule: Schedule): void {
  checkOptions('config.schedule', { kind: schedule.kind }, { kind: needed(oneOf(...Object.keys(SCHEDULES))) });
  const { kind, ...options } = schedule;
  checkOptions(`config.schedule (${kind})`, options, SCHEDULES[kind]);
}

function checkBudget(budget: RunConfig['budget']): void {
  if ('steps' in budget) checkOptions('config.budget', budget, { steps: needed(whole(1)) });
  else if ('minutes' in budget) checkOptions('config.budget', budget, { minutes: needed(aboveZero()) });
  else throw new BagsslError('bad-argument', `config.budget is ${quote(budget)}; it must be { steps } or { minutes }.`);
}
