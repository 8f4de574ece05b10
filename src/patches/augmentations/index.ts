import type { Rules } from '../../base/options.ts';
import type { Stream } from '../../base/random.ts';
import { blur, blurRules, blurred } from './blur.ts';
import type { BuiltIn, FieldRules, OnTile, Tile } from './built-in.ts';
import { greyscale, greyscaleRules } from './greyscale.ts';
import { brightness, contrast, hue, jitter, jitterRules, saturation } from './jitter.ts';
import { posterize, posterizeRules } from './posterize.ts';
import { solarise, solarised, solariseRules } from './solarise.ts';

/**
 * The augmentations in the order they are applied, between crop and normalisation, and in which they take their places in
 * the random stream. A new one goes to the end: one that goes elsewhere moves the places of all that follow it.
 */
const AUGMENTATIONS = [jitter, greyscale, blur, solarise, posterize] as const;

/** Their rules, by their fields of a recipe. */
const RULES = {
  jitter: jitterRules,
  greyscale: greyscaleRules,
  blur: blurRules,
  solarise: solariseRules,
  posterize: posterizeRules,
};

/** Twins of the kernels they run: TypeScript that gives the same bits. Only tests run them. */
const TWINS = { brightness, contrast, saturation, hue, blur: blurred, solarise: solarised };

type Listed = (typeof AUGMENTATIONS)[number];
type FieldOf<One> = One extends BuiltIn<infer Field, infer _> ? Field : never;
type DrawnOf<One> = One extends BuiltIn<infer _, infer Drawn> ? Drawn : never;
type Each<Union> = (Union extends unknown ? (one: Union) => void : never) extends (all: infer All) => void
  ? All
  : never;

/** Every augmentation's field of a recipe. */
export type AugmentationFields = Each<FieldOf<Listed>>;

/** What every augmentation has drawn for a patch. */
export type DrawnFields = Each<DrawnOf<Listed>>;

const list: readonly BuiltIn<Record<string, unknown>, object>[] = AUGMENTATIONS;

/** A missing rule does not compile. */
const rules: { readonly [Name in keyof AugmentationFields]-?: FieldRules<object, object> } = RULES;

/** What each field of a recipe may hold, for patches of `size` pixels a side. */
export const fieldRules = (size: number) =>
  Object.fromEntries(Object.entries(rules).map(([name, { rule }]) => [name, rule(size)])) as Rules<AugmentationFields>;

/** What may be drawn for patches of `size` pixels a side. */
export const drawnRules = (size: number): Rules<DrawnFields> =>
  Object.assign({}, ...Object.values(rules).map(({ drawn }) => drawn(size)));

/** A recipe's fields where nothing is augmented. */
export const fieldsOff = (): AugmentationFields => Object.assign({}, ...Object.values(rules).map(({ off }) => off));

/** What is drawn for a patch that stays as it is. */
export const noneDrawn = (): DrawnFields => Object.assign({}, ...list.map(({ none }) => none));

/** Draws every augmentation that a recipe has. The others leave their places unused. */
export function fieldDrawer(recipe: AugmentationFields): (stream: Stream, patch: object) => void {
  let unused = 0;
  const draws = list.flatMap((one) => {
    const options = recipe[one.name as keyof AugmentationFields];
    if (options === undefined) {
      unused += one.places;
      return [];
    }
    const before = unused;
    unused = 0;
    return [{ before, one, options }];
  });
  return (stream, patch) => {
    for (const { before, one, options } of draws) {
      for (let i = 0; i < before; i++) stream.uint32();
      one.draw(options, stream, patch);
    }
  };
}

/** Applies what was drawn. */
export function changeTile(tile: Tile, patch: DrawnFields): void {
  for (const one of list) one.change(tile, patch);
}

/** A tile [3, size, size] that is changed by the twins, in place of the kernels. */
export const twinTile = (tile: Float32Array): Tile => ({
  kernels: Object.fromEntries(
    Object.entries(TWINS).map(([name, twin]) => [name, (amount) => (twin as OnTile<typeof amount>)(tile, amount)]),
  ),
  run: (change, amount) => change(tile, amount),
});
