import { quote } from '../base/values.ts';
import type { Triple } from '../patches/recipe.ts';
import { LARGEST_SIDE, type OnnxInput } from './onnx-options.ts';

/** An object of an untrusted JSON file. */
export type Json = Readonly<Record<string, unknown>>;

/** What a file, or a model's own metadata, says of how images are prepared, and what of it was replaced. */
export interface Preprocessing {
  /** Names it in messages. */
  readonly from: string;
  readonly input: OnnxInput;
  /** Sentences on what could not be followed. */
  readonly notes: readonly string[];
  /** It was written for the network, and an export may have put mean and standard deviation into the graph. */
  readonly beforeExport?: true;
}

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
/** A side of an image that can be given to a model. */
export const isLength = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= LARGEST_SIDE;
/** No configuration takes less; a file could ask for images of any size by it. */
const LEAST_SHARE = 0.01;
export const isShare = (value: unknown): value is number =>
  typeof value === 'number' && value >= LEAST_SHARE && value <= 1;

/** Three numbers, of three or one. */
export function triple(value: unknown): Triple | undefined {
  const list = typeof value === 'number' ? [value, value, value] : value;
  if (!Array.isArray(list) || !list.every(Number.isFinite)) return undefined;
  if (list.length === 1) return [list[0], list[0], list[0]];
  return list.length === 3 ? (list as unknown as Triple) : undefined;
}

/** Standard deviations: three numbers above 0. */
export function deviations(value: unknown): Triple | undefined {
  const found = triple(value);
  return found?.every((deviation) => deviation > 0) ? found : undefined;
}

/** Pillow's filters by their numbers. */
const FILTERS = ['nearest', 'Lanczos', 'bilinear', 'bicubic', 'box', 'Hamming'];

/** The filter that is used for one asked for by its name or by Pillow's number. */
export function filterOf(asked: unknown, from: string, notes: string[]): OnnxInput {
  if (asked === undefined || asked === null) return {};
  const isNamed = (name: string, number: number) =>
    asked === number || String(asked).toLowerCase() === name.toLowerCase();
  const name = FILTERS.find(isNamed) ?? `the filter ${quote(asked)} for`;
  if (name === 'bilinear' || name === 'bicubic') return { interpolation: name };
  const interpolation = name === 'Lanczos' ? 'bicubic' : 'bilinear';
  notes.push(`${from} asks for ${name} resampling; ${interpolation} is used.`);
  return { interpolation };
}

/** What is said of an image that would be padded to a size. */
export const unpadded = (from: string, [rows, columns]: readonly number[]): string =>
  `${from} asks for images padded to ${rows}×${columns}; their middle is taken, without padding.`;
