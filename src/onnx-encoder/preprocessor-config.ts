import { deviations, filterOf, isLength, isObject, isShare, type Json, triple, unpadded } from './config-values.ts';
import type { OnnxInput } from './onnx-options.ts';

/** Below this size ConvNeXt's processor crops, from it on it stretches. */
const CONVNEXT_STRETCHES = 384;

/**
 * What the JSON of an image processor of transformers says: size, crop, resampling, mean and standard deviation, as those
 * processors mean them.
 */
export function ofImageProcessor(config: Json, from: string, notes: string[]): OnnxInput {
  return { ...geometry(config, from, notes), ...numbers(config), ...filterOf(config.resample, from, notes) };
}

/** The processor's class; '' where it is not named. */
const typeOf = ({ image_processor_type, feature_extractor_type }: Json) =>
  String(image_processor_type ?? feature_extractor_type ?? '');

const OF_NUMBERS = ['do_rescale', 'rescale_factor', 'do_normalize', 'image_mean', 'image_std'];

/** Mean and standard deviation, and what white is before them. */
function numbers(config: Json): OnnxInput {
  const channels = config.do_flip_channel_order === true && ({ channels: 'bgr' } as const);
  if (OF_NUMBERS.every((key) => (config[key] ?? undefined) === undefined)) return { ...channels };
  const { do_rescale, rescale_factor, rescale_offset, do_normalize, include_top } = config;
  const given = Number(rescale_factor);
  const factor = given > 0 && given < Number.POSITIVE_INFINITY ? given : 1 / 255;
  const isScaled = do_rescale !== false;
  const range = isScaled && factor < 0.5 ? 1 : 255;
  // A factor other than 1/255, such as 1/127.5 (with a mean of 1), is part of the scale.
  const scale = isScaled ? factor * (255 / range) : 1;
  const offset = isScaled && rescale_offset === true ? 1 : 0;
  const [mean, std] = [triple(config.image_mean), deviations(config.image_std)];
  const isNormalised = do_normalize !== false && (do_normalize === true || mean !== undefined);
  // EfficientNet's processor divides by the deviation once more, even where it does not normalise.
  const isDivided = include_top !== false && /^EfficientNet/.test(typeOf(config));
  const power = Number(isNormalised) + Number(isDivided);
  const [red, green, blue] = (isNormalised && mean) || [0, 0, 0];
  const [r, g, b] = std ?? [1, 1, 1];
  const level = (value: number) => (value + offset) / scale;
  const deviation = (value: number) => value ** power / scale;
  return {
    range,
    mean: [level(red), level(green), level(blue)],
    std: [deviation(r), deviation(g), deviation(b)],
    ...channels,
  };
}

/** Processors that stretch an image to a `size` of one number; others keep its proportions. */
const STRETCHING = /^(DeiT|Beit|EfficientNet)/;

/** Size, and how an image comes to it. */
function geometry(config: Json, from: string, notes: string[]): OnnxInput {
  const { size, crop_pct: part } = config;
  const type = typeOf(config);
  const named = isObject(size) ? size : undefined;
  const shortest = named ? named.shortest_edge : size;
  const resized = config.do_resize === false ? undefined : sides(size);
  const cropped = config.do_center_crop === true ? sides(config.crop_size) : undefined;
  // PoolFormer and ConvNeXt, and LeViT, resize to more than they name. They round down.
  const enlarged = (side: number) =>
    isShare(part)
      ? Math.floor(side / part)
      : /^Levit/i.test(type) && isLength(shortest)
        ? Math.floor((256 / 224) * side)
        : side;
  if (cropped) {
    const [rows, columns] = cropped;
    if (!resized) return { size: cropped, fit: 'crop', crop: 1 };
    const [high, wide] = resized.map(enlarged);
    const isSquare = isShare(part) && high === wide;
    const keeps = isSquare || (isLength(shortest) && (named !== undefined || !STRETCHING.test(type)));
    const share = keeps ? Math.min(rows, columns) / Math.min(high, wide) : Math.min(rows / high, columns / wide);
    return { size: cropped, fit: keeps ? 'crop' : 'stretch', crop: Math.min(1, share) };
  }
  if (isLength(shortest) && (isShare(part) || named)) {
    // ConvNeXt: the shortest side is enlarged and the middle taken; a large size is stretched instead.
    if (isShare(part) && shortest >= CONVNEXT_STRETCHES) return { size: shortest, fit: 'stretch' };
    return { size: shortest, fit: 'crop', crop: shortest / enlarged(shortest) };
  }
  if (resized) return { size: resized, fit: 'stretch' };
  // SAM: the longest side is made so long, and the rest is padded.
  const longest = sides(named?.longest_edge);
  const padded = longest && ((config.do_pad === false ? undefined : sides(config.pad_size)) ?? longest);
  if (!padded) return {};
  notes.push(unpadded(from, padded));
  return { size: padded, fit: 'crop', crop: 1 };
}

/** `{ height, width }`, `{ shortest_edge }`, or one number for both. */
function sides(value: unknown): readonly [rows: number, columns: number] | undefined {
  const { height, width, shortest_edge: shortest = value } = isObject(value) ? value : ({} as Json);
  if (isLength(height) && isLength(width)) return [height, width];
  return isLength(shortest) ? [shortest, shortest] : isLength(value) ? [value, value] : undefined;
}
