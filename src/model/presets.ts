import type { EncoderConfig } from './encoder.ts';
import type { ProjectorConfig } from './projector.ts';

/** Encoders by name. */
export const encoders = {
  /** Five convolutions, 7.3 million multiply-adds a 16×16 patch. */
  compact: { kind: 'conv', widths: [32, 64, 64, 128, 128], strides: [1, 2, 1, 2, 1], residual: false },
  /** EMP-SSL's encoder: no stride and no pooling in the stem. */
  resnet18: { kind: 'resnet', depth: 18, stem: 'cifar' },
  resnet34: { kind: 'resnet', depth: 34, stem: 'imagenet' },
  resnet50: { kind: 'resnet', depth: 50, stem: 'imagenet' },
  /** ResNet-18 at a quarter of its width. */
  edge: { kind: 'resnet', depth: 18, stem: 'cifar', width: 16 },
  depthwise: {
    kind: 'depthwise',
    widths: [32, 64, 128, 128, 256, 256],
    strides: [1, 1, 2, 1, 2, 1],
    residual: true,
  },
  /** The widths of DeiT (arXiv 2012.12877), on squares of 4 px. */
  vitTiny: { kind: 'vit', patch: 4, width: 192, depth: 12, heads: 3, mlpRatio: 4 },
  vitSmall: { kind: 'vit', patch: 4, width: 384, depth: 12, heads: 6, mlpRatio: 4 },
} as const satisfies Record<string, EncoderConfig>;

/** Projectors by name. */
export const projectors = {
  /** EMP-SSL's head at a quarter of its width. */
  compact: { hidden: [1024, 1024], out: 256 },
  /** As EMP-SSL has it. Its biases before batch norm change nothing, but they are there. */
  empSsl: { hidden: [4096, 4096], out: 1024, bias: true },
} as const satisfies Record<string, ProjectorConfig>;
