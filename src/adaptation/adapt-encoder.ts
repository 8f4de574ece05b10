import type { EncoderSource } from '../bag/embedder-options.ts';
import { BagsslError } from '../base/errors.ts';
import { checkOptions, type Rules } from '../base/options.ts';
import { type Adaptation, adaptation, LEARNING_RULES, type LearningOptions } from './adaptation.ts';
import { hasPlace, withMap } from './with-map.ts';

/** Which encoder learns from which images. */
export interface AdaptOptions extends LearningOptions {
  /** Where to start. Default: the encoder that comes with the package. */
  readonly encoder?: EncoderSource;
}

const RULES: Rules<AdaptOptions> = {
  ...LEARNING_RULES,
  encoder: { asked: 'an encoder, a checkpoint, bytes, a URL or a path', fits: (value) => value !== null },
};

/**
 * Learns from images without labels, in closed form: a linear map of the encoder's vectors, by which images that are near each other
 * in the collection, and altered copies of an image, come nearer (see `neighbourMap`). The network stays as it is. Takes little more than embedding every image twice.
 * To see whether it gains, it first learns from half of the images and compares how steady the neighbours of the others are; if they
 * are no steadier, the encoder is returned unchanged. No `Runtime` is needed.
 * @throws BagsslError `bad-argument` for a layout of parts, which has no place for the map, and for an .onnx file that runs as it is (`adaptOnnx`); `bad-data` if no image can
 * be read; whatever `createEmbedder` throws; `aborted`
 */
export async function adaptEncoder(options: AdaptOptions): Promise<Adaptation> {
  checkOptions('adaptEncoder', options, RULES);
  return adaptation(options, {
    check(encoder) {
      if ('notes' in encoder) {
        throw new BagsslError('bad-argument', 'An .onnx file that runs as it is learns by adaptOnnx, of bagssl/train.');
      }
      if (hasPlace(encoder)) return encoder;
      throw new BagsslError(
        'bad-argument',
        `An encoder of layout "${encoder.layout}" has no place for what is learnt; adapt encoder.with({ layout: 'mean' }).`,
      );
    },
    mapped: withMap,
  });
}
