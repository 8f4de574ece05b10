import { BagsslError } from '../../base/errors.ts';
import { listOf, needed, oneOf, SWITCH, whole } from '../../base/options.ts';
import { add, reduceMean, slice } from '../../graph/functions.ts';
import type { Value } from '../../graph/graph.ts';
import { batchNormRelu } from '../batch-norm.ts';
import { convolution } from '../layers.ts';
import type { Scope } from '../scope.ts';
import type { EncoderKind } from './kind.ts';

/** A chain of 3×3 convolutions, each with batch norm and ReLU; the mean over positions is the embedding. */
export interface ConvConfig {
  /** Plain convolutions, 3×3, batch norm and ReLU after each. */
  readonly kind: 'conv';
  /** Output channels of each layer. */
  readonly widths: readonly number[];
  /** Stride of each, 1 or 2. */
  readonly strides: readonly number[];
  /** Add a layer's input to its output if both have the same shape; with `valid` padding, the centre of the input. */
  readonly residual: boolean;
  /**
   * `same` (default): zeros around every layer's input, so that stride 1 keeps the size. `valid`: none. Each layer then
   * removes 2 px, and the result for a patch depends on nothing outside it: such encoders have a dense bag.
   */
  readonly padding?: 'same' | 'valid';
}

const KERNEL = 3;

/** What the options of layers may be. */
export const LAYERS = {
  widths: needed(listOf(whole(1, 8192))),
  strides: needed(listOf(whole(1, 2))),
  residual: SWITCH,
};

export const conv: EncoderKind<ConvConfig> = {
  rules: { ...LAYERS, padding: oneOf('same', 'valid') },
  check(config, size) {
    checkLayers(config);
    if (config.padding === 'valid') checkRoom(config, size);
  },
  width: ({ widths }) => widths.at(-1)!,
  build: (scope, config, patches) => reduceMean(convolutions(scope, config, patches).at(-1)!, [2, 3]),
};

/** Each layer's output [patches, width, rows, columns]. The embedding is the mean over the last one's positions. */
export function convolutions(scope: Scope, { widths, strides, residual, padding }: ConvConfig, x: Value): Value[] {
  return widths.map((width, k) => {
    const filtered = convolution(scope, `encoder.${k}.conv`, x, width, { stride: strides[k], padding });
    const y = batchNormRelu(scope, `encoder.${k}.bn`, filtered);
    const shortcut = padding === 'valid' && strides[k] === 1 ? middle(x) : x;
    x = residual && `${y.shape}` === `${shortcut.shape}` ? add(shortcut, y) : y;
    return x;
  });
}

/** Without the border that a kernel removes. */
function middle(x: Value): Value {
  const [, , rows, columns] = x.shape;
  const border = (KERNEL - 1) / 2;
  return slice(x, [2, 3], [border, border], [rows - border, columns - border]);
}

/** One stride, 1 or 2, for every width. */
export function checkLayers({ widths, strides }: Pick<ConvConfig, 'widths' | 'strides'>): void {
  if (widths.length !== strides.length) {
    throw new BagsslError(
      'bad-argument',
      `model: the encoder needs one stride per width, got ${widths.length} widths and ${strides.length} strides.`,
    );
  }
}

/** Every layer must see at least one kernel. */
function checkRoom({ strides }: ConvConfig, size: number): void {
  const sides = [size];
  for (const stride of strides) {
    const side = sides.at(-1)!;
    if (side < KERNEL) {
      throw new BagsslError(
        'bad-argument',
        `model: patches of ${size} px shrink to nothing in ${strides.length} convolutions without padding (${sides.join(' → ')}, less than a kernel); use fewer layers, less stride, larger patches, or padding "same".`,
      );
    }
    sides.push(Math.floor((side - KERNEL) / stride) + 1);
  }
}
