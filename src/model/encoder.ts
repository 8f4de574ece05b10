import { BagsslError } from '../base/errors.ts';
import { checkOptions, type Rules, TEXT } from '../base/options.ts';
import type { Value } from '../graph/graph.ts';
import { type ConvConfig, conv } from './encoders/conv.ts';
import { type DepthwiseConfig, depthwise } from './encoders/depthwise.ts';
import type { EncoderKind } from './encoders/kind.ts';
import type { OnnxConfig } from './encoders/onnx.ts';
import { type ResNetConfig, resnet } from './encoders/resnet.ts';
import { type VitConfig, vit } from './encoders/vit.ts';
import type { Scope } from './scope.ts';

/** An encoder as a value; `kind` says which of encoders/ builds it. */
export type EncoderConfig = ConvConfig | ResNetConfig | DepthwiseConfig | VitConfig | OnnxConfig;

/** All but `onnx`: what reads such files is a third of what a page would load, so only those get it who may meet one. */
const KINDS = new Map<string, EncoderKind<never>>(Object.entries({ conv, resnet, depthwise, vit }));

/** For modules that may meet an .onnx encoder. */
export function provideOnnx(onnx: EncoderKind<OnnxConfig>): void {
  KINDS.set('onnx', onnx);
}

function kindOf({ kind }: EncoderConfig): EncoderKind<EncoderConfig> {
  const found = KINDS.get(kind);
  if (!found) {
    throw new BagsslError(
      'bad-argument',
      `model: an encoder of kind ${JSON.stringify(kind)} is unknown; choose one of ${[...KINDS.keys()].join(', ')}.`,
    );
  }
  return found as EncoderKind<never> as EncoderKind<EncoderConfig>;
}

/** Rejects an encoder that cannot be built for patches of `size` px, naming the value. */
export function checkEncoder(config: EncoderConfig, size: number): void {
  const { rules, check } = kindOf(config);
  checkOptions(`model.encoder (${config.kind})`, config, { kind: TEXT, ...rules } as Rules<EncoderConfig>);
  check?.(config, size);
}

/** Width of the embedding. */
export const encoderWidth = (config: EncoderConfig): number => kindOf(config).width(config);

/** The embeddings [patches, width] of `patches` [patches, 3, size, size]. */
export const encode = (scope: Scope, config: EncoderConfig, patches: Value): Value =>
  kindOf(config).build(scope, config, patches);
