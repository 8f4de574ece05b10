import { seesWhole } from '../encoder/bag-layout.ts';
import type { Projection } from '../encoder/block-layout.ts';
import type { PatchEncoder } from '../encoder/patch-encoder.ts';
import { Whitening } from '../encoder/whitening.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { inverse } from './inverse.ts';
import { product } from './matrix-power.ts';

/** Whether an encoder has a place for a map of an image's vector. */
export const hasPlace = ({ layout }: PatchEncoder): boolean => seesWhole(layout) || layout === 'mean';

/** The encoder whose vectors are v ↦ (v − mean)·map: the map becomes part of its layout's projection, or of its whitening. */
export async function withMap(
  runtime: Runtime,
  encoder: PatchEncoder,
  mean: Float32Array,
  map: Float32Array,
): Promise<PatchEncoder> {
  const { whitening, layout } = encoder;
  if (seesWhole(layout)) {
    return encoder.with({
      layout: { ...layout, projection: await projectedFurther(runtime, layout.projection, mean, map) },
    });
  }
  if (!whitening) return encoder.with({ whitening: new Whitening(mean, map) });
  // (v − μ)·W − mean = (v − μ − mean·W⁻¹)·W
  const middle = shifted(whitening.mean, mean, inverse(whitening.matrix));
  return encoder.with({ whitening: new Whitening(middle, await product(runtime, whitening.matrix, map)) });
}

/** (x − μ)·P − mean = (x − μ − mean·P⁺)·P, with P⁺ = (PᵀP)⁻¹Pᵀ; P·map in a byte each, as P is. */
async function projectedFurther(
  runtime: Runtime,
  { mean: from, matrix, scale }: Projection,
  mean: Float32Array,
  map: Float32Array,
): Promise<Projection> {
  const width = scale.length;
  const values = Float32Array.from(matrix, (value, at) => value * scale[at % width]);
  const square = new Float64Array(width * width);
  for (let row = 0; row < values.length; row += width) {
    for (let i = 0; i < width; i++) {
      const value = values[row + i];
      for (let j = 0; j < width; j++) square[i * width + j] += value * values[row + j];
    }
  }
  const back = inverse(square);
  const inOutputs = new Float64Array(width);
  for (let i = 0; i < width; i++) for (let j = 0; j < width; j++) inOutputs[j] += mean[i] * back[i * width + j];
  const middle = from.map((value, row) => {
    let sum = value;
    for (let j = 0; j < width; j++) sum += inOutputs[j] * values[row * width + j];
    return sum;
  });
  const further = await product(runtime, values, map);
  const most = new Float32Array(width);
  for (let at = 0; at < further.length; at++) most[at % width] = Math.max(most[at % width], Math.abs(further[at]));
  const factors = most.map((value) => (value || 1) / 127);
  return {
    mean: middle,
    matrix: Int8Array.from(further, (value, at) => Math.round(value / factors[at % width])),
    scale: factors,
  };
}

/** from + by · matrix */
function shifted(from: Float32Array, by: Float32Array, matrix: Float64Array): Float32Array {
  const d = from.length;
  return from.map((value, j) => {
    let sum = value;
    for (let i = 0; i < d; i++) sum += by[i] * matrix[i * d + j];
    return sum;
  });
}
