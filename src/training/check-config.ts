import { BagsslError } from '../errors.ts';
import { isA } from '../is-a.ts';
import { quote } from '../quote.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Layers of a network, and entries of any other list. */
const MOST_ENTRIES = 1024;

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
  flat(run.budget, 'budget');
  for (const key of ['seed', 'images', 'views', 'warmup', 'slices', 'rate', 'averaging', 'precision']) {
    if (typeof run[key] === 'object') refuse(key, run[key], 'a number or a word');
  }
}

/** What is to be read as a list is one, where it is there at all. */
function lists(fields: Fields, path: string, keys: readonly string[]): void {
  for (const key of keys) {
    if (fields[key] !== undefined && !Array.isArray(fields[key])) {
      refuse(`${path}.${key}`, fields[key], 'a list of numbers');
    }
  }
}
