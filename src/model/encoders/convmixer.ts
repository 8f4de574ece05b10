import { BagsslError } from '../../base/errors.ts';
import { needed, type Rule, whole } from '../../base/options.ts';
import { add, gelu, reduceMean } from '../../graph/functions.ts';
import type { Value } from '../../graph/graph.ts';
import { batchNorm } from '../batch-norm.ts';
import { type ConvolutionOptions, convolution } from '../layers.ts';
import type { Scope } from '../scope.ts';
import type { EncoderKind } from './kind.ts';

/**
 * Trockman and Kolter, "Patches Are All You Need?" (arXiv 2201.09792): squares of the patch become tokens, which depthwise
 * convolutions mix over positions and 1×1 convolutions over channels. The mean over positions is the embedding.
 *
 * Parameters: width·(depth·(kernel² + width + 6) + 3·patch² + 3).
 */
export interface ConvMixerConfig {
  /** Depthwise and 1×1 convolutions on squares of the patch (arXiv 2201.09792). */
  readonly kind: 'convmixer';
  /** Side of the squares, px; it divides the patch's size. */
  readonly patch: number;
  /** Channels, and the width of the embedding. */
  readonly width: number;
  /** Blocks. */
  readonly depth: number;
  /** Side of the depthwise kernels, odd, 3 to 31. */
  readonly kernel: number;
}

const ODD: Rule = {
  asked: 'an odd whole number from 3 to 31',
  fits: (value) => whole(3, 31).fits(value) && (value as number) % 2 === 1,
};

export const convmixer: EncoderKind<ConvMixerConfig> = {
  rules: {
    patch: needed(whole(1, 1024)),
    width: needed(whole(1, 8192)),
    depth: needed(whole(1, 64)),
    kernel: needed(ODD),
  },
  check({ patch }, size) {
    if (size % patch === 0) return;
    throw new BagsslError(
      'bad-argument',
      `model: a ConvMixer divides its patches into squares, but ${patch} does not divide ${size}.`,
    );
  },
  width: ({ width }) => width,
  build(scope, { patch, width, depth, kernel }, patches) {
    const squares = { kernel: patch, stride: patch, padding: 'valid' } as const;
    let x = layer(scope, 'encoder.0', patches, width, squares);
    for (let k = 1; k <= depth; k++) {
      x = add(x, layer(scope, `encoder.${k}.depthwise`, x, width, { kernel, group: width }));
      x = layer(scope, `encoder.${k}.pointwise`, x, width, { kernel: 1 });
    }
    return reduceMean(x, [2, 3]);
  },
};

/** Convolution with bias, GELU, batch norm. */
function layer(scope: Scope, name: string, x: Value, width: number, options: ConvolutionOptions): Value {
  const bias = scope.parameter(`${name}.conv.bias`, [width, 1, 1], { constant: 0 });
  return batchNorm(scope, `${name}.bn`, gelu(add(convolution(scope, `${name}.conv`, x, width, options), bias)));
}
