import { BagsslError } from '../base/errors.ts';
import { fromHalf } from '../base/half.ts';
import { quote } from '../base/values.ts';
import { channelsLast } from '../model/encoders/feature-map.ts';
import type { InputPlan } from './input-plan.ts';
import type { OutputPlan } from './output-plan.ts';

/** A value as a session gives it. */
export interface GivenTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
}

/** Vectors, one row an image. */
export interface PooledRows {
  readonly data: Float32Array;
  readonly width: number;
}

/**
 * One vector for each of `count` images: [count, width] as it is; feature maps [count, channels, rows, columns], or with channels
 * last, by the mean over positions; tokens [count, tokens, width] by their mean or the first. Of one image the batch's axis may be
 * missing.
 * @returns undefined where the first axis is not the images of the batch
 * @throws BagsslError `bad-model` for a value that is no numbers, or has more axes
 */
export function pooledRows(
  { type, dims, data }: GivenTensor,
  count: number,
  { name, pool }: OutputPlan,
  input: InputPlan,
): PooledRows | undefined {
  const hasBatch = dims.length > 0 && dims[0] === count;
  if (!hasBatch && count > 1) return undefined;
  const each = hasBatch ? dims.slice(1) : dims;
  const values = floats(data, type, name);
  if (each.length > 3 || values.length === 0) {
    throw new BagsslError(
      'bad-model',
      `The value ${quote(name)} is [${dims}]; a vector is made of [batch, width], [batch, channels, rows, columns] or [batch, tokens, width]. Name another value (onnx.output).`,
    );
  }
  // As `groups` vectors, of which `inner` numbers of each channel are side by side: groups × width × inner.
  const [groups, width, inner] = axes(each, input);
  if (pool === 'first') {
    if (each.length === 2) return { data: firsts(values, count, groups, width), width };
    throw new BagsslError(
      'bad-argument',
      `onnx.pool: "first" takes the first of tokens, [batch, tokens, width]; ${quote(name)} is [${dims}]. Leave it out, or name another value (onnx.output).`,
    );
  }
  const means = new Float64Array(count * width);
  let at = 0;
  for (let image = 0; image < count; image++) {
    for (let group = 0; group < groups; group++) {
      for (let channel = 0; channel < width; channel++) {
        let sum = 0;
        for (let k = 0; k < inner; k++) sum += values[at++];
        means[image * width + channel] += sum;
      }
    }
  }
  const scale = groups * inner;
  return { data: Float32Array.from(means, (sum) => sum / scale), width };
}

/** An image's extents as vectors × width × positions. */
function axes(each: readonly number[], input: InputPlan): readonly [groups: number, width: number, inner: number] {
  const [a = 1, b = 1, c = 1] = each;
  if (each.length < 2) return [1, a, 1];
  if (each.length === 2) return [a, b, 1];
  return channelsLast(a, b, c, input) ? [a * b, c, 1] : [1, a, b * c];
}

function firsts(values: ArrayLike<number>, count: number, groups: number, width: number): Float32Array {
  const data = new Float32Array(count * width);
  for (let image = 0; image < count; image++) {
    for (let i = 0; i < width; i++) data[image * width + i] = values[image * groups * width + i];
  }
  return data;
}

function floats(data: unknown, type: string, name: string): ArrayLike<number> {
  if (type === 'float16' && data instanceof Uint16Array) return fromHalf(data);
  if (type === 'int64' || type === 'uint64') return Array.from(data as BigInt64Array, Number);
  if (type !== 'string' && type !== 'bool' && ArrayBuffer.isView(data)) return data as Float32Array;
  throw new BagsslError(
    'bad-model',
    `The value ${quote(name)} is of ${type}, not of numbers. Name another (onnx.output).`,
  );
}
