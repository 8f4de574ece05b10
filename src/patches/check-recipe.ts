import { BagsslError } from '../base/errors.ts';
import { quote } from '../base/values.ts';
import type { Blur, Interpolation, Jitter, Range, Recipe, Solarise, Triple, ViewChanges } from './recipe.ts';

type Fields = Record<string, unknown>;

const refuse = (path: string, value: unknown, allowed: string): never => {
  throw new BagsslError('bad-argument', `recipe${path} is ${quote(value)}; it must be ${allowed}.`);
};

function object(value: unknown, path: string, keys: readonly string[]): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    refuse(path, value, `an object with ${keys.join(', ')}`);
  }
  for (const key of Object.keys(value as Fields)) {
    if (!keys.includes(key)) {
      throw new BagsslError(
        'bad-argument',
        `recipe${path} has an unknown key ${quote(key)}; known: ${keys.join(', ')}.`,
      );
    }
  }
  return value as Fields;
}

function number(value: unknown, path: string, least: number, most: number): number {
  if (typeof value === 'number' && value >= least && value <= most) return value;
  return refuse(path, value, `a number from ${least} to ${most}`);
}

function range(value: unknown, path: string, least: number, most: number): Range {
  if (!Array.isArray(value) || value.length !== 2) return refuse(path, value, 'two numbers: [least, most]');
  const [low, high] = value.map((v, i) => number(v, `${path}[${i}]`, least, most));
  return low <= high ? [low, high] : refuse(path, value, '[least, most] with least ≤ most');
}

function triple(value: unknown, path: string, least: number, most: number): Triple {
  if (!Array.isArray(value) || value.length !== 3) return refuse(path, value, 'three numbers: red, green, blue');
  const [r, g, b] = value.map((v, i) => number(v, `${path}[${i}]`, least, most));
  return [r, g, b];
}

function interpolation(value: unknown, path: string): Interpolation {
  return value === 'bilinear' || value === 'bicubic' ? value : refuse(path, value, '"bilinear" or "bicubic"');
}

function jitter(value: unknown, path: string): Jitter {
  const j = object(value, path, ['probability', 'brightness', 'contrast', 'saturation', 'hue']);
  return {
    probability: number(j.probability, `${path}.probability`, 0, 1),
    brightness: number(j.brightness, `${path}.brightness`, 0, 10),
    contrast: number(j.contrast, `${path}.contrast`, 0, 10),
    saturation: number(j.saturation, `${path}.saturation`, 0, 10),
    hue: number(j.hue, `${path}.hue`, 0, 0.5),
  };
}

function blur(value: unknown, path: string, size: number): Blur {
  const b = object(value, path, ['probability', 'kernel', 'sigma']);
  const kernel = b.kernel as number;
  // The edges are mirrored, so the kernel may not reach further than the patch.
  if (!Number.isInteger(kernel) || kernel < 3 || kernel > 2 * size - 1 || kernel % 2 === 0) {
    refuse(
      `${path}.kernel`,
      b.kernel,
      `an odd whole number from 3 to ${2 * size - 1} (twice the patch's size, less 1)`,
    );
  }
  return {
    probability: number(b.probability, `${path}.probability`, 0, 1),
    kernel,
    sigma: range(b.sigma, `${path}.sigma`, 0.01, 100),
  };
}

function solarise(value: unknown, path: string): Solarise {
  const s = object(value, path, ['probability', 'threshold']);
  return {
    probability: number(s.probability, `${path}.probability`, 0, 1),
    threshold: number(s.threshold, `${path}.threshold`, 0, 1),
  };
}

/** The share of the area must be above zero; the smallest patch is one pixel in any case. */
const LEAST_SCALE = 1e-9;

/** What views may differ in: each field's check. */
const CHECKS: {
  readonly [K in keyof Required<ViewChanges>]: (v: unknown, path: string, size: number) => ViewChanges[K];
} = {
  scale: (v, path) => range(v, path, LEAST_SCALE, 1),
  ratio: (v, path) => range(v, path, 0.01, 100),
  interpolation,
  flip: (v, path) => number(v, path, 0, 1),
  jitter,
  greyscale: (v, path) => number(v, path, 0, 1),
  blur,
  solarise,
};

const MOST_VIEWS = 1024;

const SHARED = ['size', 'mean', 'std', 'views'];
const CHANGEABLE = Object.keys(CHECKS) as (keyof ViewChanges)[];

/** The fields that are there. */
function changes(r: Fields, path: string, size: number): ViewChanges {
  const given = CHANGEABLE.filter((key) => r[key] !== undefined);
  return Object.fromEntries(given.map((key) => [key, CHECKS[key](r[key], `${path}.${key}`, size)]));
}

/**
 * A recipe made from anything, such as parsed JSON: a fresh value with exactly the known fields.
 * @throws BagsslError `bad-argument`, quoting the value and the allowed range
 */
export function checkRecipe(value: unknown): Recipe {
  const r = object(value, '', [...SHARED, ...CHANGEABLE]);
  if (!Number.isInteger(r.size)) refuse('.size', r.size, 'a whole number from 1 to 1024');
  const size = number(r.size, '.size', 1, 1024);
  for (const key of ['scale', 'flip', 'jitter', 'greyscale'] as const) {
    if (r[key] === undefined) CHECKS[key](undefined, `.${key}`, size);
  }
  const views = r.views as unknown[] | undefined;
  if (views !== undefined && (!Array.isArray(views) || views.length === 0 || views.length > MOST_VIEWS)) {
    refuse('.views', views, `a list of what differs in each view, at most ${MOST_VIEWS}, or absent`);
  }
  return {
    size,
    ...(changes(r, '', size) as Pick<Recipe, 'scale' | 'flip' | 'jitter' | 'greyscale'>),
    mean: triple(r.mean, '.mean', -1000, 1000),
    std: triple(r.std, '.std', 1e-6, 1000),
    ...(views && {
      views: views.map((v, k) => changes(object(v, `.views[${k}]`, CHANGEABLE), `.views[${k}]`, size)),
    }),
  };
}
