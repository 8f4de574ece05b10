import { BagsslError } from '../base/errors.ts';
import { givenParts } from '../base/options.ts';
import { isA } from '../base/values.ts';
import { bytesAt } from '../data/bytes-at.ts';
import { encoderOf, PatchEncoder } from '../encoder/patch-encoder.ts';
import type { OnnxEncoder } from '../onnx-encoder/onnx-encoder.ts';
import type { CreateEmbedderOptions, EncoderSource } from './embedder-options.ts';

/** What runs .onnx files as they are, which few pages need. */
export const onnxBags = () => import('./onnx-bags.ts');
export const encoderProgram = () => import('../encoder/encoder-program.ts');
/** What the encoder that comes with the package needs: it reads its file, and makes its bags. */
export const blockBags = () => import('./block-bags.ts');

/** The encoder that comes with the package. @param address its file's */
export async function shippedEncoder(address: URL, options: CreateEmbedderOptions): Promise<PatchEncoder> {
  if (options.onnx) throw notOnnx();
  const [bytes, { readEncoder }] = await Promise.all([bytesAt(address, options), blockBags()]);
  return encoderOf(readEncoder(bytes));
}

/** The encoder of any source. */
export async function encoderFrom(
  given: EncoderSource,
  options: CreateEmbedderOptions,
): Promise<PatchEncoder | OnnxEncoder> {
  let source = given;
  if (typeof source === 'string' || isA(source, 'URL')) {
    if (/\.onnx([?#]|$)/i.test(String(source))) return (await onnxBags()).openOnnx(source, options);
    [source] = await Promise.all([
      bytesAt(source, options),
      encoderProgram(), // needed as soon as the file has arrived
    ]);
  }
  // Safetensors have an opening brace as their ninth byte; ONNX begins with the field of its version.
  if (isA(source, 'Uint8Array') && source[0] === 8 && source[8] !== 0x7b)
    return (await onnxBags()).openOnnx(source, options);
  if (options.onnx) throw notOnnx();
  if (isA(source, 'Uint8Array')) return PatchEncoder.read(source);
  if ('config' in source) return PatchEncoder.from(source);
  if ('notes' in source) return source;
  givenParts(source, 'encoder', 'recipe', 'with');
  return source;
}

const notOnnx = () => new BagsslError('bad-argument', 'onnx is for an .onnx file, which the encoder is not.');
