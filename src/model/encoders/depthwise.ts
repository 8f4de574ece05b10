import { reduceMean } from '../../graph/functions.ts';
import { batchNormAddRelu, batchNormRelu } from '../batch-norm.ts';
import { convolution } from '../layers.ts';
import { checkLayers, LAYERS } from './conv.ts';
import type { EncoderKind } from './kind.ts';

/**
 * Howard et al., "MobileNets" (arXiv 1704.04861): one plain 3×3 convolution, then blocks of a 3×3 depthwise convolution and a
 * 1×1 convolution that mixes channels, each with batch norm and ReLU.
 */
export interface DepthwiseConfig {
  /** Depthwise-separable convolutions. */
  readonly kind: 'depthwise';
  /** Output channels of the first convolution and of each block after it. */
  readonly widths: readonly number[];
  /** Stride of each, 1 or 2. */
  readonly strides: readonly number[];
  /** Add a block's input before its last ReLU if both have the same shape. */
  readonly residual: boolean;
}

export const depthwise: EncoderKind<DepthwiseConfig> = {
  rules: LAYERS,
  check: checkLayers,
  width: ({ widths }) => widths.at(-1)!,
  build(scope, { widths, strides, residual }, patches) {
    const first = convolution(scope, 'encoder.0.conv', patches, widths[0], { stride: strides[0] });
    let x = batchNormRelu(scope, 'encoder.0.bn', first);
    widths.slice(1).forEach((width, i) => {
      const name = `encoder.${i + 1}`;
      const options = { stride: strides[i + 1], group: x.shape[1] };
      const filtered = convolution(scope, `${name}.depthwise`, x, x.shape[1], options);
      const normal = batchNormRelu(scope, `${name}.bn1`, filtered);
      const mixed = convolution(scope, `${name}.pointwise`, normal, width, { kernel: 1 });
      const same = residual && `${mixed.shape}` === `${x.shape}`;
      x = same ? batchNormAddRelu(scope, `${name}.bn2`, mixed, x) : batchNormRelu(scope, `${name}.bn2`, mixed);
    });
    return reduceMean(x, [2, 3]);
  },
};
