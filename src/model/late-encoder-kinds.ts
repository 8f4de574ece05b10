import type { EncoderConfig } from './encoder.ts';
import { type EncoderKinds, encoderKinds } from './encoders/index.ts';
import { unreadOnnx } from './encoders/onnx-config.ts';

/** Every kind of encoder, for checks that read no .onnx file. */
export const uncheckedKinds: EncoderKinds = { ...encoderKinds, onnx: unreadOnnx };

/** The kinds that build a network; the one that reads .onnx files is loaded for an encoder that is one. */
export async function kindsFor(encoder: EncoderConfig): Promise<EncoderKinds> {
  if (encoder.kind !== 'onnx') return encoderKinds;
  const { onnx } = await import('./encoders/onnx.ts');
  return { ...encoderKinds, onnx };
}
