import type { PatchEncoder } from '../encoder/patch-encoder.ts';
import { Whitening } from '../encoder/whitening.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { inverse } from './inverse.ts';
import { product } from './matrix-power.ts';

/**
 * The encoder whose vectors are v ↦ (v − mean)·map. With a whitening (v − μ)·W of its own, they are (v − μ − mean·W⁻¹)·W·map.
 */
export async function withMap(
  runtime: Runtime,
  encoder: PatchEncoder,
  mean: Float32Array,
  map: Float32Array,
): Promise<PatchEncoder> {
  const { whitening } = encoder;
  if (!whitening) return encoder.with({ whitening: new Whitening(mean, map) });
  const back = inverse(whitening.matrix);
  const d = mean.length;
  const middle = Float32Array.from(whitening.mean, (value, j) => {
    let sum = value;
    for (let i = 0; i < d; i++) sum += mean[i] * back[i * d + j];
    return sum;
  });
  return encoder.with({ whitening: new Whitening(middle, await product(runtime, whitening.matrix, map)) });
}
