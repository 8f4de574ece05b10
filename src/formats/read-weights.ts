import { BagsslError } from '../base/errors.ts';
import { fromBfloat16, fromHalf } from '../base/half.ts';
import { readSafetensors, type SafeTensor } from './safetensors.ts';

/**
 * The tensors of a safetensors file (F32, F16 or BF16) as float32, and their shapes.
 * @throws BagsslError `bad-checkpoint` if the file is damaged or holds another element type
 */
export function readWeights(bytes: Uint8Array): {
  readonly weights: Record<string, Float32Array>;
  readonly shapes: Record<string, readonly number[]>;
} {
  const entries = Object.entries(readSafetensors(bytes).tensors);
  return {
    weights: Object.fromEntries(entries.map(([name, tensor]) => [name, float32(name, tensor)])),
    shapes: Object.fromEntries(entries.map(([name, { shape }]) => [name, shape])),
  };
}

/** @throws BagsslError `bad-checkpoint` for another element type */
export function float32(name: string, { dtype, data }: SafeTensor): Float32Array {
  if (dtype === 'F32') return data as Float32Array;
  if (dtype === 'F16') return fromHalf(data as Uint16Array);
  if (dtype === 'BF16') return fromBfloat16(data as Uint16Array);
  throw new BagsslError(
    'bad-checkpoint',
    `Tensor "${name}" has dtype ${dtype}; weights are read from F32, F16 and BF16. Convert it first.`,
  );
}
