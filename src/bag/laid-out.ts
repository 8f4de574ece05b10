import { BagsslError } from '../base/errors.ts';
import type { PartLayout } from '../encoder/bag-layout.ts';
import type { PatchEncoder } from '../encoder/patch-encoder.ts';
import type { OnnxEncoder } from '../onnx-encoder/onnx-encoder.ts';

/** An encoder of patches with another layout. @throws BagsslError `bad-argument` for one that has no patches to lay out */
export function laidOut(encoder: PatchEncoder | OnnxEncoder, layout: PartLayout): PatchEncoder {
  const refused = (why: string) => new BagsslError('bad-argument', `layout is "${layout}", but ${why}`);
  if ('notes' in encoder) {
    throw refused('an .onnx file that runs as it is makes one vector of an image itself. Leave layout out.');
  }
  if (typeof encoder.layout === 'object') {
    throw refused(
      'the encoder sees whole images by a layout of its own. Leave layout out, or embed patches with encoder.with({ layout, placement }).',
    );
  }
  return encoder.with({ layout });
}
