import type { EncoderParts } from '../encoder/encoder-parts.ts';
import type { PatchEncoder } from '../encoder/patch-encoder.ts';
import type { Whitening } from '../encoder/whitening.ts';
import type { OnnxEncoder, OnnxParts } from '../onnx-encoder/onnx-encoder.ts';
import type { onnxBags } from './encoder-source.ts';

/** An encoder's own parts, as another thread is sent them. */
export type SentParts = EncoderParts | OnnxParts;

/** What a page has loaded already. */
export interface EncoderClasses {
  readonly PatchEncoder: typeof PatchEncoder;
  readonly Whitening: typeof Whitening;
  readonly onnxBags: typeof onnxBags;
}

/** The encoder of parts that another thread has sent. */
export async function encoderOfParts(
  parts: SentParts,
  { PatchEncoder, Whitening, onnxBags }: EncoderClasses,
): Promise<PatchEncoder | OnnxEncoder> {
  if ('notes' in parts) return new (await onnxBags()).OnnxEncoder(parts);
  const { whitening, ...rest } = parts;
  return new PatchEncoder(whitening ? { ...rest, whitening: new Whitening(whitening.mean, whitening.matrix) } : rest);
}
