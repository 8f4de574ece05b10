import { deviations, filterOf, isLength, isShare, type Json, triple, unpadded } from './config-values.ts';
import type { OnnxInput } from './onnx-options.ts';

/** What timm takes where a configuration does not say it. */
const USUAL_PART = 0.875;

/** What the `pretrained_cfg` of a network of timm says. */
export function ofTimm(config: Json, from: string, notes: string[]): OnnxInput {
  const { input_size: size, crop_pct: part, crop_mode: mode, interpolation } = config;
  const sides = Array.isArray(size) ? pair(size.slice(1)) : undefined;
  return {
    ...(sides && geometry(sides, isShare(part) ? part : USUAL_PART, mode === 'squash', mode === 'border', from, notes)),
    ...numbers(config),
    ...filterOf(interpolation, from, notes),
  };
}

/** What open_clip's `preprocess_cfg` says, which is exported as a file. */
export function ofOpenClip(config: Json, from: string, notes: string[]): OnnxInput {
  const { size, resize_mode: mode, interpolation } = config;
  const sides = pair(size);
  return {
    ...(sides && geometry(sides, 1, mode === 'squash', mode === 'longest', from, notes)),
    ...numbers(config),
    ...filterOf(interpolation, from, notes),
  };
}

type Pair = readonly [rows: number, columns: number];

/** Two lengths, of two or one. */
function pair(value: unknown): Pair | undefined {
  const list = typeof value === 'number' ? [value, value] : value;
  return Array.isArray(list) && list.length === 2 && list.every(isLength) ? (list as unknown as Pair) : undefined;
}

/** @param part the share of the resized image's sides that is taken */
function geometry(
  size: Pair,
  part: number,
  isStretched: boolean,
  isPadded: boolean,
  from: string,
  notes: string[],
): OnnxInput {
  if (isPadded) notes.push(unpadded(from, size));
  const [side] = size;
  return { size, fit: isStretched ? 'stretch' : 'crop', crop: isPadded ? 1 : side / Math.floor(side / part) };
}

function numbers(config: Json): OnnxInput {
  const [mean, std] = [triple(config.mean), deviations(config.std)];
  return mean && std ? { range: 1, mean, std } : {};
}
