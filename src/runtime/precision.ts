import { BagsslError } from '../base/errors.ts';
import type { Precision } from '../graph/graph.ts';
import type { Engine } from './program.ts';

/** `auto` takes float16 if the engine computes in it, otherwise float32. */
export type PrecisionChoice = 'auto' | Precision;

/** The values of `PrecisionChoice`. */
export const PRECISION_CHOICES: readonly PrecisionChoice[] = ['auto', 'float32', 'float16'];

/**
 * The precision an engine computes in. Without half floats, `auto` falls back with one warning that says why.
 * @throws BagsslError `device-unavailable` if the choice is `float16` and the engine has no half floats
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
      `Precision "float16" is not available: ${why}. Use "auto", or "float32".`,
    );
  }
  warn(`Computing in float32: ${why}.`);
  return 'float32';
}
