import { isLength, type Preprocessing } from './config-values.ts';
import type { OnnxInput } from './onnx-options.ts';

const PLAIN = { mean: [0, 0, 0], std: [1, 1, 1] } as const;
const HALF = [0.5, 0.5, 0.5] as const;

/** Levels of 0 to 255 as those of 16 to 235, as broadcast video has them. */
const [BLACK, WHITE] = [16, 235];
const VIDEO = { mean: (-BLACK * 255) / (WHITE - BLACK), std: 255 / (WHITE - BLACK) };

/** By `Image.NominalPixelRange` of ONNX's MetadataProps.md, in lower case. */
const RANGES: Readonly<Record<string, OnnxInput>> = {
  nominalrange_0_255: { range: 255, ...PLAIN },
  normalized_0_1: { range: 1, ...PLAIN },
  normalized_1_1: { range: 1, mean: HALF, std: HALF },
  nominalrange_16_235: { range: 255, ...VIDEO },
};

/** By `Image.BitmapPixelFormat`. */
const FORMATS: Readonly<Record<string, OnnxInput>> = {
  rgb8: { channels: 'rgb' },
  rgba8: { channels: 'rgb' },
  bgr8: { channels: 'bgr' },
  bgra8: { channels: 'bgr' },
};

/**
 * What a model's own metadata says of how images are prepared: ONNX's keys of images, and those that Ultralytics writes. Undefined
 * where they say nothing.
 * @param metadata by keys in lower case
 */
export function metadataInput(metadata: ReadonlyMap<string, string>): Preprocessing | undefined {
  const said = (key: string) => metadata.get(key)?.trim().toLowerCase() ?? '';
  const isUltralytics = said('author') === 'ultralytics';
  const input: OnnxInput = {
    ...(isUltralytics && { ...RANGES.normalized_0_1, ...sizeIn(said('imgsz')) }),
    ...RANGES[said('image.nominalpixelrange')],
    ...FORMATS[said('image.bitmappixelformat')],
  };
  const from = 'Its metadata';
  const notes =
    said('image.colorspacegamma') === 'linear' ? ['Its metadata asks for linear light; levels of sRGB are used.'] : [];
  return Object.keys(input).length > 0 || notes.length > 0 ? { from, input, notes } : undefined;
}

/** Of `[640, 640]`, rows and columns. */
function sizeIn(text: string): OnnxInput {
  const [rows, columns = rows] = (text.match(/\d+/g) ?? []).map(Number);
  return isLength(rows) && isLength(columns) ? { size: [rows, columns] } : {};
}
