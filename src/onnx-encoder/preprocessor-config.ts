import type { Triple } from '../patches/recipe.ts';
import type { OnnxInput } from './onnx-options.ts';

/** What a preprocessor_config.json says, and what of it was replaced. */
export interface Preprocessing {
  readonly input: OnnxInput;
  /** Sentences on what could not be followed. */
  readonly notes: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isLength = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 1;

/** Pillow's numbers of filters. */
const FILTERS: Readonly<Record<number, string>> = { 0: 'nearest', 1: 'Lanczos', 4: 'box', 5: 'Hamming' };

/** Below this size ConvNeXt's processor crops, from it on it stretches. */
const CONVNEXT_STRETCHES = 384;

/**
 * Reads the `preprocessor_config.json` that Hugging Face keeps beside a model: size, crop, resampling, mean and standard
 * deviation, as transformers' image processors mean them. Undefined for what is no such file.
 */
export function readPreprocessorConfig(text: string): Preprocessing | undefined {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(config)) return undefined;
  const notes: string[] = [];
  return { input: { ...geometry(config), ...numbers(config), ...filter(config, notes) }, notes };
}

/** Mean and standard deviation, and what white is before them. */
function numbers(config: Json): OnnxInput {
  const { do_rescale, rescale_factor = 1 / 255, do_normalize, image_mean, image_std } = config;
  const isScaled = do_rescale !== false;
  const range = isScaled && Number(rescale_factor) < 0.5 ? 1 : 255;
  // A factor other than 1/255, such as 1/127.5 (with a mean of 1), is part of the scale.
  const scale = isScaled ? Number(rescale_factor) * (255 / range) : 1;
  const plain = do_normalize === false || (do_normalize === undefined && image_mean === undefined);
  const mean = (plain ? undefined : triple(image_mean)) ?? ([0, 0, 0] as const);
  const std = (plain ? undefined : triple(image_std)) ?? ([1, 1, 1] as const);
  const scaled = (values: Triple) => values.map((value) => value / scale) as unknown as Triple;
  return {
    range,
    mean: scaled(mean),
    std: scaled(std),
    ...(config.do_flip_channel_order === true && { channels: 'bgr' }),
  };
}

function triple(value: unknown): Triple | undefined {
  const list = typeof value === 'number' ? [value, value, value] : value;
  if (!Array.isArray(list) || !list.every(Number.isFinite)) return undefined;
  if (list.length === 1) return [list[0], list[0], list[0]];
  return list.length === 3 ? (list as unknown as Triple) : undefined;
}

/** Size, and how an image comes to it. */
function geometry(config: Json): OnnxInput {
  const { do_resize, do_center_crop, crop_pct } = config;
  const resized = do_resize === false ? undefined : sides(config.size);
  const cropped = do_center_crop === true ? sides(config.crop_size) : undefined;
  const shortest = isObject(config.size) ? config.size.shortest_edge : config.size;
  if (cropped) {
    const short = isLength(shortest) ? shortest : resized && Math.min(...resized);
    const share = short ? Math.min(1, Math.min(...cropped) / short) : 1;
    return { size: cropped, fit: 'crop', crop: share };
  }
  const share = Number(crop_pct);
  const isShare = share > 0 && share <= 1;
  if (isLength(shortest) && (isShare || isObject(config.size))) {
    // ConvNeXt: the shortest side becomes size / crop_pct and the middle is taken; a large size is stretched instead.
    if (isShare && shortest >= CONVNEXT_STRETCHES) return { size: shortest, fit: 'stretch' };
    return { size: shortest, fit: 'crop', crop: isShare ? share : 1 };
  }
  return resized ? { size: resized, fit: 'stretch' } : {};
}

/** `{ height, width }`, `{ shortest_edge }`, or one number for both. */
function sides(value: unknown): readonly [rows: number, columns: number] | undefined {
  const { height, width, shortest_edge: shortest = value } = isObject(value) ? value : ({} as Json);
  if (isLength(height) && isLength(width)) return [height, width];
  return isLength(shortest) ? [shortest, shortest] : isLength(value) ? [value, value] : undefined;
}

function filter({ resample }: Json, notes: string[]): OnnxInput {
  if (resample === undefined || resample === null) return {};
  if (resample === 2 || resample === 3) return { interpolation: resample === 3 ? 'bicubic' : 'bilinear' };
  const interpolation = resample === 1 ? 'bicubic' : 'bilinear';
  notes.push(`It asks for ${FILTERS[Number(resample)] ?? `filter ${resample}`} resampling; ${interpolation} is used.`);
  return { interpolation };
}
