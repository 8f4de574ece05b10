import { compactEncoder } from '../compact-parts.ts';
import { conv } from './conv.ts';
import { convmixer } from './convmixer.ts';
import { depthwise } from './depthwise.ts';
import type { EncoderKind } from './kind.ts';
import { resnet } from './resnet.ts';
import { vit } from './vit.ts';

export type { ConvConfig } from './conv.ts';
export type { ConvMixerConfig } from './convmixer.ts';
export type { DepthwiseConfig } from './depthwise.ts';
export type { ResNetConfig } from './resnet.ts';
export type { VitConfig } from './vit.ts';

/** Every kind of encoder except `onnx`. Only modules that may need it import that one, because it is large. */
const KINDS = { conv, resnet, depthwise, vit, convmixer };

/** Encoder kinds by name. */
export type EncoderKinds = Readonly<Record<string, EncoderKind<never>>>;

/** The kinds that every module knows. */
export const encoderKinds: EncoderKinds = KINDS;

type ConfigOf<Kind> = Kind extends EncoderKind<infer Config> ? Config : never;

/** An encoder of one of the kinds that come with the package, as a value. */
export type KnownEncoder = ConfigOf<(typeof KINDS)[keyof typeof KINDS]>;

/** Encoders by name. */
export const encoders = {
  /** Five convolutions, 7.3 million multiply-adds per 16×16 patch. */
  compact: compactEncoder,
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
  /** A small ConvMixer on squares of 2 px. */
  convMixer: { kind: 'convmixer', patch: 2, width: 128, depth: 4, kernel: 5 },
} as const satisfies Record<string, KnownEncoder>;
