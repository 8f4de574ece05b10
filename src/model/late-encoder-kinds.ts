import type { EncoderConfig } from './encoder.ts';
import { type EncoderKinds, encoderKinds } from './encoders/index.ts';

/** The kinds that build a network; the one that reads .onnx files is loaded for an encoder that is one. */
export async function kindsFor(encoder: EncoderConfig): Promise<EncoderKinds> {
  if (encoder.kind !== 'onnx') return encoderKinds;
  const { onnx } = await import('./encoders/onnx.ts');
  return { ...encoderKinds, onnx };
}
