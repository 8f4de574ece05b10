import { BagsslError } from '../base/errors.ts';
import type { Precision } from '../graph/graph.ts';
import type { Engine } from './program.ts';

/** `auto` takes float16 where the engine computes in it, and float32 elsewhere. */
export type PrecisionChoice = 'auto' | Precision;

/** All of `PrecisionChoice`. */
export const PRECISION_CHOICES: readonly PrecisionChoice[] = ['auto', 'float32', 'float16'];

/**
 * The precision an engine will compute in. Where it has no half floats, `auto` falls back with one warning that says why;
 * `float16` by name is an error ('device-unavailable').
 */
export function choosePrecision(
  { device, adapter, halfFloats }: Pick<Engine, 'device' | 'adapter' | 'halfFloats'>,
  choice: PrecisionChoice,
  warn: (message: string) => void,
): Precision {
  if (choice === 'float32' || halfFloats) return choice === 'auto' ? 'float16' : choice;
  const why =
    device === 'webgpu'
      ? `the adapter "${adapter}" does not offer "shader-f16"`
      : `the ${device} engine has no fast float16; only WebGPU does`;
  if (choice === 'float16') {
    throw new BagsslError(
      'device-unavailable',
      `Precision "float16" was asked for, but ${why}. Use "float32", or "auto".`,
    );
  }
  warn(`Computing in float32: ${why}.`);
  return 'float32';
}
