import { BagsslError } from '../../errors.ts';
import { add, reduceMean } from '../../graph/functions.ts';
import { batchNormRelu } from '../batch-norm.ts';
import { whole } from '../checks.ts';
import { convolution } from '../layers.ts';
import type { EncoderKind } from './kind.ts';

/** A chain of 3×3 convolutions, each with batch norm and ReLU; the mean over positions is the embedding. */
export interface ConvConfig {
  readonly kind: 'conv';
  /** Output channels of each layer. */
  readonly widths: readonly number[];
  /** Stride of each, 1 or 2. */
  readonly strides: readonly number[];
  /** Add a layer's input to its output where both have the same shape. */
  readonly residual: boolean;
}

export const conv: EncoderKind<ConvConfig> = {
  check: checkLayers,
  width: ({ widths }) => widths.at(-1)!,
  build(scope, { widths, strides, residual }, patches) {
    let x = patches;
    widths.forEach((width, k) => {
      const filtered = convolution(scope, `encoder.${k}.conv`, x, width, { stride: strides[k] });
      const y = batchNormRelu(scope, `encoder.${k}.bn`, filtered);
      x = residual && `${y.shape}` === `${x.shape}` ? add(x, y) : y;
    });
    return reduceMean(x, [2, 3]);
  },
};

/** One stride, 1 or 2, for every width. */
export function checkLayers({ widths, strides }: Pick<ConvConfig, 'widths' | 'strides'>): void {
  if (!widths?.length || widths.length !== strides?.length) {
    throw new BagsslError(
      'bad-argument',
      `model: the encoder needs one stride per width, got ${widths?.length ?? 0} widths and ${strides?.length ?? 0} strides.`,
    );
  }
  for (const width of widths) whole('an encoder width', width, 1, 8192);
  for (const stride of strides) whole('an encoder stride', stride, 1, 2);
}
