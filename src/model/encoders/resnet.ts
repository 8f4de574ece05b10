import { needed, oneOf, whole } from '../../base/options.ts';
import { maxPool, reduceMean } from '../../graph/functions.ts';
import type { Value } from '../../graph/graph.ts';
import { batchNorm, batchNormAddRelu, batchNormRelu } from '../batch-norm.ts';
import { convolution } from '../layers.ts';
import type { Scope } from '../scope.ts';
import type { EncoderKind } from './kind.ts';

/**
 * He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition" (arXiv 1512.03385), as in torchvision: strides
 * on the 3×3 convolutions, shortcuts by 1×1 convolution where shapes change. Tensors have torchvision's names.
 */
export interface ResNetConfig {
  /** A residual network (He et al., arXiv 1512.03385). */
  readonly kind: 'resnet';
  /** Layers, as published. */
  readonly depth: 18 | 34 | 50;
  /** cifar: one 3×3 convolution; imagenet: 7×7 with stride 2, then max pooling 3×3 with stride 2. */
  readonly stem: 'cifar' | 'imagenet';
  /** Channels of the stem and the first stage, doubled by each of the three stages after it; 64 as published. */
  readonly width?: number;
}

/** Blocks in each stage, and how many times wider than its 3×3 convolution a block's output is. */
const DEPTHS = {
  18: { blocks: [2, 2, 2, 2], expansion: 1 },
  34: { blocks: [3, 4, 6, 3], expansion: 1 },
  50: { blocks: [3, 4, 6, 3], expansion: 4 },
};

export const resnet: EncoderKind<ResNetConfig> = {
  rules: { depth: needed(oneOf(18, 34, 50)), stem: needed(oneOf('cifar', 'imagenet')), width: whole(1, 1024) },
  width: ({ depth, width = 64 }) => width * 8 * DEPTHS[depth].expansion,
  build(scope, { depth, stem, width = 64 }, patches) {
    const { blocks, expansion } = DEPTHS[depth];
    const start = stem === 'cifar' ? {} : { kernel: 7, stride: 2 };
    let x = batchNormRelu(scope, 'encoder.bn1', convolution(scope, 'encoder.conv1', patches, width, start));
    if (stem === 'imagenet') x = maxPool(x, { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
    blocks.forEach((count, stage) => {
      for (let k = 0; k < count; k++) {
        const name = `encoder.layer${stage + 1}.${k}`;
        const stride = stage > 0 && k === 0 ? 2 : 1;
        x = (expansion === 1 ? basic : bottleneck)(scope, name, x, width * 2 ** stage, stride);
      }
    });
    return reduceMean(x, [2, 3]);
  },
};

function basic(scope: Scope, name: string, x: Value, width: number, stride: number): Value {
  const first = convolution(scope, `${name}.conv1`, x, width, { stride });
  const y = convolution(scope, `${name}.conv2`, batchNormRelu(scope, `${name}.bn1`, first), width);
  return batchNormAddRelu(scope, `${name}.bn2`, y, shortcut(scope, name, x, width, stride));
}

function bottleneck(scope: Scope, name: string, x: Value, width: number, stride: number): Value {
  const narrow = convolution(scope, `${name}.conv1`, x, width, { kernel: 1 });
  const inner = convolution(scope, `${name}.conv2`, batchNormRelu(scope, `${name}.bn1`, narrow), width, { stride });
  const y = convolution(scope, `${name}.conv3`, batchNormRelu(scope, `${name}.bn2`, inner), 4 * width, { kernel: 1 });
  return batchNormAddRelu(scope, `${name}.bn3`, y, shortcut(scope, name, x, 4 * width, stride));
}

function shortcut(scope: Scope, name: string, x: Value, width: number, stride: number): Value {
  if (stride === 1 && x.shape[1] === width) return x;
  const projected = convolution(scope, `${name}.downsample.0`, x, width, { kernel: 1, stride });
  return batchNorm(scope, `${name}.downsample.1`, projected);
}
