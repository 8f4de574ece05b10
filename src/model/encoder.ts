import { BagsslError } from '../base/errors.ts';
import { checkOptions, givenParts, type Rules } from '../base/options.ts';
import { isOwnPart, missingPart, type OwnPart } from '../base/own-part.ts';
import type { Value } from '../graph/graph.ts';
import { type EncoderKinds, encoderKinds, type KnownEncoder } from './encoders/index.ts';
import type { EncoderKind } from './encoders/kind.ts';
import type { OnnxConfig } from './encoders/onnx.ts';
import type { Scope } from './scope.ts';

/** An encoder of your own kind: the kind itself, and the options that its rules ask for. */
export interface OwnEncoder {
  /** What builds it. */
  readonly kind: EncoderKind<never>;
  readonly [option: string]: unknown;
}

/** An encoder as a value: a kind and its options. */
export type EncoderConfig = KnownEncoder | OnnxConfig | OwnEncoder | OwnPart;

function kindOf(config: EncoderConfig, kinds: EncoderKinds): EncoderKind<EncoderConfig> {
  const { kind } = config;
  if (isOwnPart(config)) throw missingPart('model.encoder', config.name);
  if (typeof kind === 'object' && kind !== null) {
    givenParts(kind as EncoderKind<EncoderConfig>, 'model.encoder.kind', 'name', 'rules', 'width', 'build');
    return kind as EncoderKind<never> as EncoderKind<EncoderConfig>;
  }
  if (Object.hasOwn(kinds, kind)) return kinds[kind] as EncoderKind<never> as EncoderKind<EncoderConfig>;
  throw new BagsslError(
    'bad-argument',
    `model: an encoder of kind ${JSON.stringify(kind)} is unknown; choose one of ${Object.keys(kinds).join(', ')}.`,
  );
}

/** Rejects an encoder that cannot be built for patches of `size` px, naming the value. */
export function checkEncoder(config: EncoderConfig, size: number, kinds = encoderKinds): void {
  const kind = kindOf(config, kinds);
  const name = typeof config.kind === 'string' ? config.kind : kind.name;
  const { kind: _, ...options } = config;
  checkOptions(`model.encoder (${name})`, options, kind.rules as Rules<object> as Rules<typeof options>);
  kind.check?.(config, size);
}

/** Width of the embedding. */
export const encoderWidth = (config: EncoderConfig, kinds = encoderKinds): number =>
  kindOf(config, kinds).width(config);

/** The embeddings [patches, width] of `patches` [patches, 3, size, size]. */
export const encode = (scope: Scope, config: EncoderConfig, patches: Value, kinds = encoderKinds): Value =>
  kindOf(config, kinds).build(scope, config, patches);
