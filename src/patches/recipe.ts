import {
  checkOptions,
  givenParts,
  JSON_OBJECT,
  listOf,
  needed,
  OBJECT,
  type Rule,
  type Rules,
  tuple,
  whole,
} from '../base/options.ts';
import { type AugmentationFields, fieldRules, fieldsOff } from './augmentations/index.ts';
import type { OwnField } from './augmentations/own.ts';
import { type CropFields, cropFieldRules } from './crop.ts';

/** A value for each of red, green, blue. */
export type Triple = readonly [number, number, number];

/**
 * How patches are cut and augmented: plain JSON. Fields mean what torchvision's transforms of like name mean, in this order:
 * RandomResizedCrop (scale, ratio, interpolation), RandomHorizontalFlip, the augmentations in the order of their fields, your own
 * augmentations, Normalize.
 */
export interface Recipe extends CropFields, AugmentationFields, OwnField {
  /** Side of the patch the encoder sees, pixels, 1 to 1024. */
  readonly size: number;
  /** Normalisation (v - mean) / std of values in 0..1, a channel at a time. */
  readonly mean: Triple;
  /** Of each channel, above 0; see `mean`. */
  readonly std: Triple;
  /** What differs in some views of an image: view k takes entry k modulo their number; absent: all views use the same recipe. */
  readonly views?: readonly ViewChanges[];
}

/** Everything but what the batch has in common. */
export interface ViewChanges extends Partial<CropFields>, Partial<AugmentationFields>, OwnField {}

/** What view `view` (from 0) of an image is cut with. */
export function recipeOfView(recipe: Recipe, view: number): Recipe {
  const { views } = recipe;
  return views ? { ...recipe, ...views[view % views.length], views: undefined } : recipe;
}

/** The same crops with every random change switched off: what a bag of clean patches is cut with. */
export function withoutAugmentation(recipe: Recipe): Recipe {
  givenParts(recipe, 'A recipe', 'size', 'scale', 'mean', 'std');
  const { size, scale, ratio, interpolation, mean, std } = recipe;
  return {
    size,
    scale,
    ...(ratio && { ratio }),
    ...(interpolation && { interpolation }),
    flip: 0,
    ...fieldsOff(),
    mean,
    std,
  };
}

const SIZE = /* @__PURE__ */ needed(/* @__PURE__ */ whole(1, 1024));

/** What views may differ in. */
const changeable = (size: number): Rules<CropFields & AugmentationFields & OwnField> => ({
  ...cropFieldRules(),
  ...fieldRules(size),
  own: JSON_OBJECT,
});

/** The fields that are there, as fresh values in the order of their rules. */
function copied<T extends object>(fields: T, rules: Readonly<Record<string, Rule>>): T {
  const entries = Object.entries(rules).map(([name, { inside }]) => {
    const value = fields[name as keyof T];
    if (inside && value !== undefined) return [name, copied(value as object, inside)] as const;
    return [name, typeof value === 'object' ? JSON.parse(JSON.stringify(value)) : value] as const;
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as T;
}

/**
 * A recipe made from anything, such as parsed JSON: a fresh value with exactly the known fields.
 * @throws BagsslError `bad-argument`, quoting the value and the allowed range
 */
export function checkRecipe(value: unknown): Recipe {
  const recipe = value as Recipe;
  // The size decides which blurs fit.
  const { size } = Object(recipe) as Partial<Recipe>;
  const changes = changeable(SIZE.fits(size) ? size! : 1);
  const rules = {
    size: SIZE,
    ...changes,
    mean: needed(tuple(3, -1000, 1000)),
    std: needed(tuple(3, 1e-6, 1000)),
    views: listOf(OBJECT),
  };
  checkOptions<Recipe>('recipe', recipe, rules);
  const optional = Object.fromEntries(
    Object.entries<Rule>(changes).map(([name, rule]) => [name, { ...rule, needed: false }]),
  );
  const views = recipe.views?.map((view, k) => {
    checkOptions<object>(`recipe.views[${k}]`, view, optional);
    return copied(view, optional);
  });
  return { ...copied(recipe, rules), ...(views && { views }) };
}
