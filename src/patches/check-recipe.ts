import { BagsslError } from '../errors.ts';
import type { Recipe, Triple } from './recipe.ts';

type Fields = Record<string, unknown>;

function refuse(path: string, value: unknown, allowed: string): never {
  const shown = typeof value === 'number' || value === undefined ? String(value) : JSON.stringify(value);
  throw new BagsslError('bad-argument', `recipe${path} is ${shown}; it must be ${allowed}.`);
}

function object(value: unknown, path: string, keys: readonly string[]): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    refuse(path, value, `an object with ${keys.join(', ')}`);
  }
  for (const key of Object.keys(value)) {
    if (!keys.includes(key)) {
      throw new BagsslError('bad-argument', `recipe${path} has an unknown key "${key}"; known: ${keys.join(', ')}.`);
    }
  }
  return value as Fields;
}

function number(value: unknown, path: string, least: number, most: number): number {
  if (typeof value !== 'number' || !(value >= least && value <= most)) {
    refuse(path, value, `a number from ${least} to ${most}`);
  }
  return value;
}

function triple(value: unknown, path: string, least: number, most: number): Triple {
  if (!Array.isArray(value) || value.length !== 3) refuse(path, value, 'three numbers: red, green, blue');
  const [r, g, b] = value.map((v, i) => number(v, `${path}[${i}]`, least, most));
  return [r, g, b];
}

/** The share of the area must be above zero; the smallest patch is one pixel in any case. */
const LEAST_SCALE = 1e-9;

/**
 * A recipe made from anything, such as parsed JSON: a fresh value with exactly the known fields.
 * @throws BagsslError `bad-argument`, quoting the value and the allowed range
 */
export function checkRecipe(value: unknown): Recipe {
  const r = object(value, '', ['size', 'scale', 'flip', 'jitter', 'greyscale', 'mean', 'std']);
  if (!Number.isInteger(r.size)) refuse('.size', r.size, 'a whole number from 1 to 1024');
  const size = number(r.size, '.size', 1, 1024);
  if (!Array.isArray(r.scale) || r.scale.length !== 2) refuse('.scale', r.scale, 'two numbers: [least, most]');
  const least = number(r.scale[0], '.scale[0]', LEAST_SCALE, 1);
  const most = number(r.scale[1], '.scale[1]', LEAST_SCALE, 1);
  if (least > most) refuse('.scale', r.scale, '[least, most] with least ≤ most');
  const j = object(r.jitter, '.jitter', ['probability', 'brightness', 'contrast', 'saturation', 'hue']);
  return {
    size,
    scale: [least, most],
    flip: number(r.flip, '.flip', 0, 1),
    jitter: {
      probability: number(j.probability, '.jitter.probability', 0, 1),
      brightness: number(j.brightness, '.jitter.brightness', 0, 10),
      contrast: number(j.contrast, '.jitter.contrast', 0, 10),
      saturation: number(j.saturation, '.jitter.saturation', 0, 10),
      hue: number(j.hue, '.jitter.hue', 0, 0.5),
    },
    greyscale: number(r.greyscale, '.greyscale', 0, 1),
    mean: triple(r.mean, '.mean', -1000, 1000),
    std: triple(r.std, '.std', 1e-6, 1000),
  };
}
