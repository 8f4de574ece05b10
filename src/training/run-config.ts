import { BagsslError } from '../errors.ts';
import { checkModel, compact, type ModelConfig } from '../model/config.ts';
import { provideOnnx } from '../model/encoder.ts';
import { onnx } from '../model/encoders/onnx.ts';
import { type BarlowTwinsOptions, barlowTwins } from '../objectives/barlow-twins.ts';
import { type ByolOptions, byol } from '../objectives/byol.ts';
import { type CodingRateOptions, codingRate } from '../objectives/coding-rate.ts';
import { type InfoNceOptions, infoNce } from '../objectives/info-nce.ts';
import type { Objective } from '../objectives/objective.ts';
import { type SpectralOptions, spectral } from '../objectives/spectral.ts';
import { type VicregOptions, vicreg } from '../objectives/vicreg.ts';
import { type AdamWOptions, adamw } from '../optimizers/adamw.ts';
import { type LarsOptions, lars } from '../optimizers/lars.ts';
import type { Optimizer } from '../optimizers/optimizer.ts';
import { type SgdOptions, sgd } from '../optimizers/sgd.ts';
import { checkRecipe } from '../patches/check-recipe.ts';
import { cifar16 } from '../patches/presets.ts';
import type { Recipe } from '../patches/recipe.ts';
import { quote } from '../quote.ts';
import type { PrecisionChoice } from '../runtime/precision.ts';
import { PRECISION_CHOICES } from '../runtime/precision.ts';
import { checkStructure } from './check-config.ts';

/** Everything that determines a run: plain JSON, but for the bytes of an encoder of one's own. */
export interface RunConfig {
  /** Of the weights, the order of images and every draw: a whole number, 0 or more; default 0. */
  readonly seed: number;
  /** What is cut and how it is changed; default `presets.cifar16`. */
  readonly recipe: Recipe;
  /** The network; default `compact`. */
  readonly model: ModelConfig;
  /** What is minimised, by name, with its options; default the coding rate. */
  readonly objective:
    | ({ readonly name: 'coding-rate' } & CodingRateOptions)
    | ({ readonly name: 'vicreg' } & VicregOptions)
    | ({ readonly name: 'spectral' } & SpectralOptions)
    | ({ readonly name: 'info-nce' } & InfoNceOptions)
    | ({ readonly name: 'barlow-twins' } & BarlowTwinsOptions)
    | ({ readonly name: 'byol' } & ByolOptions);
  /** How parameters follow their gradients, by name, with its options; default LARS. */
  readonly optimizer:
    | ({ readonly name: 'lars' } & LarsOptions)
    | ({ readonly name: 'sgd' } & SgdOptions)
    | ({ readonly name: 'adamw' } & AdamWOptions);
  /** Peak learning rate, reached after `warmup` steps; `schedule` says how it falls over the budget. */
  readonly rate: number;
  /** Steps over which the rate rises linearly from 0; default 30. */
  readonly warmup: number;
  /** How the rate falls over the budget; default `cosine`. */
  readonly schedule: Schedule;
  /** Keep a moving average of the weights, w̄ ← averaging·w̄ + (1 − averaging)·w after every step; absent: none. */
  readonly averaging?: number;
  /**
   * Run the network on the batch in so many slices, with the memory of one; default 1. The loss sees the whole batch, batch
   * norm a slice. views·images must be a multiple.
   */
  readonly slices: number;
  /**
   * What the network computes in, forward and backward; default float32. float16 (WebGPU with `shader-f16`) keeps parameters,
   * loss and update in float32; `auto` takes it where it is to be had.
   */
  readonly precision: PrecisionChoice;
  /** Images in a batch and views (patches) of each. */
  readonly images: number;
  /** Patches of each image in a batch, at least 2; default 4. */
  readonly views: number;
  /** When training ends: after so many steps, or so many minutes of training (which no two machines repeat). */
  readonly budget: { readonly steps: number } | { readonly minutes: number };
}

/** The learning rate over the budget: half a cosine to zero, one value, or times `factor` at each share in `at` (0 to 1). */
export type Schedule =
  | { readonly name: 'cosine' }
  | { readonly name: 'constant' }
  | { readonly name: 'step'; readonly at: readonly number[]; readonly factor: number };

/** What differs from the default run. */
export type RunOverrides = Partial<RunConfig>;

/** The default run; see docs/recipe.md for how it was found. */
const DEFAULTS: Omit<RunConfig, 'budget'> = {
  seed: 0,
  recipe: cifar16,
  model: compact,
  objective: { name: 'coding-rate', epsilon2: 0.2, similarity: 150 },
  optimizer: { name: 'lars', trust: 0.005, momentum: 0.9, nesterov: true, weightDecay: 1e-4, biasRate: 0.1 },
  rate: 0.3,
  warmup: 30,
  schedule: { name: 'cosine' },
  slices: 1,
  precision: 'float32',
  images: 50,
  views: 4,
};

/** A complete, checked configuration from what differs from the default. */
export function runConfig(overrides: RunOverrides & Pick<RunConfig, 'budget'>): RunConfig {
  const config: RunConfig = { ...DEFAULTS, ...overrides };
  checkStructure(config);
  provideOnnx(onnx);
  checkRecipe(config.recipe);
  checkModel(config.model);
  const whole = (what: string, value: number, low: number) => {
    if (!Number.isSafeInteger(value) || value < low) {
      throw new BagsslError('bad-argument', `${what} must be a whole number of at least ${low}, got ${quote(value)}.`);
    }
  };
  whole('seed', config.seed, 0);
  whole('images', config.images, 2);
  whole('views', config.views, 2);
  whole('warmup', config.warmup, 0);
  whole('slices', config.slices, 1);
  if (!(config.rate > 0 && config.rate < 1e4)) {
    throw new BagsslError('bad-argument', `rate must be a positive number, got ${config.rate}.`);
  }
  if (!PRECISION_CHOICES.includes(config.precision)) {
    throw new BagsslError(
      'bad-argument',
      `precision must be one of ${PRECISION_CHOICES.join(', ')}, got "${config.precision}".`,
    );
  }
  checkSchedule(config.schedule);
  if (config.averaging !== undefined && !(config.averaging > 0 && config.averaging < 1)) {
    throw new BagsslError('bad-argument', `averaging must lie between 0 and 1, got ${config.averaging}.`);
  }
  const { budget } = config;
  if ('steps' in budget) whole('steps', budget.steps, 1);
  else if (!(budget.minutes > 0 && Number.isFinite(budget.minutes))) {
    throw new BagsslError('bad-argument', `minutes must be a positive number, got ${budget.minutes}.`);
  }
  if (config.recipe.size !== config.model.size) {
    throw new BagsslError(
      'bad-argument',
      `The recipe cuts patches of ${config.recipe.size} px, but the model takes ${config.model.size} px; make them equal.`,
    );
  }
  // They refuse what they cannot work with.
  objectiveOf(config);
  optimizerOf(config);
  return config;
}

function checkSchedule(schedule: Schedule): void {
  switch (schedule.name) {
    case 'cosine':
    case 'constant':
      return;
    case 'step':
      if (!schedule.at?.length || !schedule.at.every((share) => share > 0 && share < 1)) {
        throw new BagsslError(
          'bad-argument',
          `schedule: "at" must list shares of the budget between 0 and 1, got ${JSON.stringify(schedule.at)}.`,
        );
      }
      if (!(schedule.factor > 0 && schedule.factor < 1)) {
        throw new BagsslError('bad-argument', `schedule: factor must lie between 0 and 1, got ${schedule.factor}.`);
      }
      return;
    default:
      throw unknown('schedule', schedule, 'cosine, constant, step');
  }
}

/** Every objective, by the name a run gives it. */
const MAKERS: { readonly [Name in RunConfig['objective']['name']]: (options: never) => Objective } = {
  'coding-rate': codingRate,
  vicreg,
  spectral,
  'info-nce': infoNce,
  'barlow-twins': barlowTwins,
  byol,
};

/** The names of all objectives, as a run gives them. */
export const OBJECTIVES = Object.keys(MAKERS) as RunConfig['objective']['name'][];

export function objectiveOf({ objective }: Pick<RunConfig, 'objective'>): Objective {
  const { name, ...options } = objective;
  if (!Object.hasOwn(MAKERS, name)) throw unknown('objective', objective, OBJECTIVES.join(', '));
  return MAKERS[name](options as never);
}

export function optimizerOf({ optimizer }: Pick<RunConfig, 'optimizer'>): Optimizer {
  switch (optimizer.name) {
    case 'lars':
      return lars(optimizer);
    case 'sgd':
      return sgd(optimizer);
    case 'adamw':
      return adamw(optimizer);
    default:
      throw unknown('optimizer', optimizer, 'lars, sgd, adamw');
  }
}

/** What JSON can say though the types forbid it. */
const unknown = (what: string, { name }: { name?: string }, known: string) =>
  new BagsslError('bad-argument', `Unknown ${what} "${name}"; choose one of ${known}.`);
