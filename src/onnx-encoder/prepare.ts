import { toHalf } from '../base/half.ts';
import { BYTES, type Pixels } from '../base/pixels.ts';
import { resampleTaps, type Taps } from '../patches/weights.ts';
import type { ElementType, InputPlan } from './input-plan.ts';

/** A box of whole pixels. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The elements of an input. */
export type InputData = Float32Array | Uint16Array | Float64Array | Uint8Array | Int8Array | Int32Array | BigInt64Array;

/** How a box becomes the input: resampled to this size, of which a window is taken. */
interface Geometry {
  readonly rows: number;
  readonly columns: number;
  readonly top: number;
  readonly left: number;
}

/** Images in one run of a model, as the session takes them; half floats as their bits. */
export class InputBatch {
  readonly #floats: Float32Array;
  #count = 0;

  readonly #capacity: number;

  /** @param elements an open batch gets no more images than have this many elements together */
  constructor(
    private readonly plan: InputPlan,
    capacity: number,
    elements = Number.POSITIVE_INFINITY,
  ) {
    const fits = Math.max(1, Math.floor(elements / this.each));
    this.#capacity = plan.batch ?? Math.min(capacity, fits);
    this.#floats = new Float32Array(this.#capacity * this.each);
  }

  /** Elements of one image. */
  get each(): number {
    const { rows, columns, channels } = this.plan;
    return rows * columns * (channels === 'grey' ? 1 : 3);
  }

  /** Images in it. */
  get count(): number {
    return this.#count;
  }

  /** Adds one image as the encoder's own preparation has it: its middle, or the middle of it stretched. */
  addWhole(pixels: Pixels): void {
    const { fit, crop, rows, columns } = this.plan;
    const all = { x: 0, y: 0, width: pixels.width, height: pixels.height };
    // The image is resampled so that it fills, or just covers, the box of which the input is the share `crop`.
    const [high, wide] = [Math.round(rows / crop), Math.round(columns / crop)];
    const scale = Math.max(high / pixels.height, wide / pixels.width);
    const resized = (length: number, least: number) => Math.max(least, Math.floor(length * scale + 1e-6));
    const [tall, broad] =
      fit === 'stretch' ? [high, wide] : [resized(pixels.height, high), resized(pixels.width, wide)];
    const middle = { top: Math.floor((tall - rows) / 2), left: Math.floor((broad - columns) / 2) };
    this.#add(pixels, all, { rows: tall, columns: broad, ...middle });
  }

  /** Adds a part of an image, resampled to the input's size. */
  addBox(pixels: Pixels, box: Box): void {
    const { rows, columns } = this.plan;
    this.#add(pixels, box, { rows, columns, top: 0, left: 0 });
  }

  /** A uniform image, to try a model with. */
  addGrey(): void {
    const pixels = { data: Uint8Array.of(128), width: 1, height: 1, layout: 'grey' } as const;
    this.addBox(pixels, { x: 0, y: 0, width: 1, height: 1 });
  }

  #add(pixels: Pixels, box: Box, geometry: Geometry): void {
    const { rows, columns, layout, channels, range, interpolation, mean, std } = this.plan;
    const planes = resampled(pixels, box, geometry, rows, columns, interpolation);
    const area = rows * columns;
    const order = channels === 'grey' ? [0] : channels === 'bgr' ? [2, 1, 0] : [0, 1, 2];
    if (channels === 'grey') intoGrey(planes, area);
    const from = this.#count++ * this.each;
    const scale = range / 255;
    const [step, plane] = layout === 'nchw' ? [1, area] : [order.length, 1];
    order.forEach((source, channel) => {
      for (let i = 0; i < area; i++) {
        const level = planes[source * area + i] * scale;
        this.#floats[from + channel * plane + i * step] = (level - mean[channel]) / std[channel];
      }
    });
  }

  /** `count` images from `first` on in the input's type, the last repeated until there are `images`. */
  data(first: number, count: number, images: number): InputData {
    const { each } = this;
    const floats = new Float32Array(images * each);
    floats.set(this.#floats.subarray(first * each, (first + count) * each));
    for (let k = count; k < images; k++) floats.copyWithin(k * each, (count - 1) * each, count * each);
    return typed(floats, this.plan.type);
  }

  /** Empties it. */
  clear(): void {
    this.#count = 0;
  }

  /** Whether no more images fit. */
  get isFull(): boolean {
    return this.#count === this.#capacity;
  }
}

function typed(floats: Float32Array, type: ElementType): InputData {
  if (type === 'float16') return toHalf(floats);
  if (type === 'float64') return new Float64Array(floats);
  if (type === 'uint8') return rounded(floats, new Uint8Array(floats.length));
  if (type === 'int8') return rounded(floats, new Int8Array(floats.length));
  if (type === 'int64') return BigInt64Array.from(floats, (level) => BigInt(Math.round(level)));
  return type === 'int32' ? rounded(floats, new Int32Array(floats.length)) : floats;
}

/** A loop: `from(floats, Math.round)` takes longer for an image than the network does. */
function rounded<Levels extends Uint8Array | Int8Array | Int32Array>(floats: Float32Array, to: Levels): Levels {
  for (let i = 0; i < floats.length; i++) to[i] = Math.round(floats[i]);
  return to;
}

/** ITU-R 601-2 luma in whole levels, as Pillow's `convert('L')` gives it; in place of red. */
function intoGrey(planes: Uint8ClampedArray, area: number): void {
  for (let i = 0; i < area; i++) {
    const luma = planes[i] * 19595 + planes[area + i] * 38470 + planes[2 * area + i] * 7471 + 0x8000;
    planes[i] = luma >> 16;
  }
}

/**
 * A window of a box of an image, resampled: red, green and blue, a plane of whole levels each. Both passes round to whole levels,
 * as Pillow's `resize` does, which models were prepared with. A box of that size already is copied.
 */
function resampled(
  { data, width, height, layout }: Pixels,
  box: Box,
  { rows: tall, columns: broad, top, left }: Geometry,
  rows: number,
  columns: number,
  interpolation: InputPlan['interpolation'],
): Uint8ClampedArray {
  const across = resampleTaps(box.width, broad, interpolation);
  const down = resampleTaps(box.height, tall, interpolation);
  const isPlanar = layout === 'planar' || layout === 'grey';
  const step = isPlanar ? 1 : BYTES[layout];
  const [first, last] = [down.starts[top], down.starts[top + rows - 1] + down.taps];
  const lines = new Uint8ClampedArray((last - first) * columns);
  const out = new Uint8ClampedArray(3 * rows * columns);
  for (let channel = 0; channel < 3; channel++) {
    const origin = layout === 'planar' ? channel * width * height : layout === 'grey' ? 0 : channel;
    for (let y = first; y < last; y++) {
      const start = origin + ((box.y + y) * width + box.x) * step;
      filter(across, left, columns, data, start, step, lines, (y - first) * columns, 1);
    }
    for (let x = 0; x < columns; x++) {
      filter(down, top, rows, lines, x - first * columns, columns, out, channel * rows * columns + x, columns);
    }
  }
  return out;
}

/** The sums of taps at positions `at` … `at + count - 1` of one line. */
function filter(
  { taps, starts, weights }: Taps,
  at: number,
  count: number,
  from: Uint8Array | Uint8ClampedArray,
  start: number,
  step: number,
  to: Uint8ClampedArray,
  toStart: number,
  toStep: number,
): void {
  for (let i = 0; i < count; i++) {
    let sum = 0;
    let source = start + starts[at + i] * step;
    for (let t = (at + i) * taps; t < (at + i + 1) * taps; t++, source += step) sum += weights[t] * from[source];
    to[toStart + i * toStep] = sum;
  }
}
