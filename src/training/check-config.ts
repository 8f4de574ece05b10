import { BagsslError } from '../errors.ts';
import { isA } from '../is-a.ts';
import type { BarlowTwinsOptions } from '../objectives/barlow-twins.ts';
import type { ByolOptions } from '../objectives/byol.ts';
import type { CodingRateOptions } from '../objectives/coding-rate.ts';
import type { InfoNceOptions } from '../objectives/info-nce.ts';
import type { SpectralOptions } from '../objectives/spectral.ts';
import type { VicregOptions } from '../objectives/vicreg.ts';
import type { AdamWOptions } from '../optimizers/adamw.ts';
import type { Exclusion } from '../optimizers/exclusion.ts';
import type { LarsOptions } from '../optimizers/lars.ts';
import type { SgdOptions } from '../optimizers/sgd.ts';
import { quote } from '../quote.ts';
import type { RunConfig } from './run-config.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Layers of a network, and entries of any other list. */
const MOST_ENTRIES = 1024;

type Names<Part> = Readonly<Record<keyof Part, true>>;

const RUN: Names<RunConfig> = {
  seed: true,
  recipe: true,
  model: true,
  objective: true,
  optimizer: true,
  rate: true,
  warmup: true,
  schedule: true,
  averaging: true,
  slices: true,
  precision: true,
  images: true,
  views: true,
  budget: true,
};
/** Whether a run has an option of this name. */
export const isRunOption = (name: string): boolean => Object.hasOwn(RUN, name);

const EXCLUSION: Names<Exclusion> = { exclude: true };
const OBJECTIVES = {
  'coding-rate': { epsilon2: true, similarity: true } satisfies Names<CodingRateOptions>,
  vicreg: { invariance: true, variance: true, covariance: true } satisfies Names<VicregOptions>,
  spectral: { radius: true } satisfies Names<SpectralOptions>,
  'info-nce': { temperature: true } satisfies Names<InfoNceOptions>,
  'barlow-twins': { lambda: true } satisfies Names<BarlowTwinsOptions>,
  byol: { momentum: true, hidden: true } satisfies Names<ByolOptions>,
};
const MOMENTUM = { momentum: true, nesterov: true, weightDecay: true, ...EXCLUSION } satisfies Names<SgdOptions>;
const OPTIMIZERS = {
  lars: { ...MOMENTUM, trust: true, biasRate: true } satisfies Names<LarsOptions>,
  sgd: MOMENTUM,
  adamw: { beta1: true, beta2: true, epsilon: true, weightDecay: true, ...EXCLUSION } satisfies Names<AdamWOptions>,
};
const SCHEDULES = { cosine: {}, constant: {}, step: { at: true, factor: true } };

const refuse = (path: string, value: unknown, expected: string): never => {
  throw new BagsslError('bad-argument', `run: ${path} is ${quote(value)}; it must be ${expected}.`);
};

function object(value: unknown, path: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  return refuse(path, value, 'an object');
}

const isNumber = (value: unknown) => typeof value === 'number' && Number.isFinite(value);

/** An object of words, numbers, switches, lists of numbers and bytes. */
function flat(value: unknown, path: string): Fields {
  const fields = object(value, path);
  for (const [key, entry] of Object.entries(fields)) {
    if (['string', 'boolean', 'undefined'].includes(typeof entry) || isNumber(entry)) continue;
    if (isA(entry, 'Uint8Array')) continue;
    if (Array.isArray(entry) && entry.length <= MOST_ENTRIES && entry.every(isNumber)) continue;
    refuse(`${path}.${key}`, entry, 'a finite number, a word, true or false, or a short list of numbers');
  }
  return fields;
}

/** An object of numbers and switches, but for its name and the words listed. */
function figures(value: unknown, path: string, words: readonly string[]): void {
  for (const [key, entry] of Object.entries(flat(value, path))) {
    if (words.includes(key) ? typeof entry === 'string' : !['string', 'object'].includes(typeof entry)) continue;
    refuse(`${path}.${key}`, entry, words.includes(key) ? 'a word' : 'a number, or true or false');
  }
}

/**
 * Rejects a run's configuration whose parts are not of the types they must have, as JSON from anywhere may be, before any part
 * is looked at for its meaning.
 * @throws BagsslError `bad-argument`, quoting the value
 */
export function checkStructure(config: unknown): void {
  const run = object(config, 'the configuration');
  named(run, '', RUN);
  object(run.recipe, 'recipe');
  const model = object(run.model, 'model');
  flat(model.encoder, 'model.encoder');
  flat(model.projector, 'model.projector');
  lists(model.encoder as Fields, 'model.encoder', ['widths', 'strides']);
  lists(model.projector as Fields, 'model.projector', ['hidden']);
  flat(run.objective, 'objective');
  figures(run.objective, 'objective', ['name']);
  figures(run.optimizer, 'optimizer', ['name', 'exclude']);
  flat(run.schedule, 'schedule');
  lists(run.schedule as Fields, 'schedule', ['at']);
  named(flat(run.budget, 'budget'), 'budget.', { steps: true, minutes: true });
  namedBy(OBJECTIVES, run.objective, 'objective');
  namedBy(OPTIMIZERS, run.optimizer, 'optimizer');
  namedBy(SCHEDULES, run.schedule, 'schedule');
  for (const key of ['seed', 'images', 'views', 'warmup', 'slices', 'rate', 'averaging', 'precision']) {
    if (typeof run[key] === 'object') refuse(key, run[key], 'a number or a word');
  }
}

/** A misspelt option would pass in silence for one that was left out. */
function named(fields: Fields, path: string, names: object): void {
  const stranger = Object.keys(fields).find((key) => !Object.hasOwn(names, key));
  if (stranger === undefined) return;
  throw new BagsslError(
    'bad-argument',
    `run: there is no "${path}${stranger}"; there are ${Object.keys(names).join(', ')}.`,
  );
}

/** As `named`, for a part whose name says which options it has; unknown names are refused where they are read. */
function namedBy(kinds: Readonly<Record<string, object>>, part: unknown, path: string): void {
  const { name, ...options } = part as Fields;
  if (typeof name === 'string' && Object.hasOwn(kinds, name)) named(options, `${path}.`, kinds[name]);
}

/** What is to be read as a list is one, where it is there at all. */
function lists(fields: Fields, path: string, keys: readonly string[]): void {
  for (const key of keys) {
    if (fields[key] !== undefined && !Array.isArray(fields[key])) {
      refuse(`${path}.${key}`, fields[key], 'a list of numbers');
    }
  }
}
