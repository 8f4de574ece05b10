import { checkOptions, needed, OBJECT, whole } from '../base/options.ts';
import { compactEncoder, compactProjector } from './compact-parts.ts';
import { checkEncoder, type EncoderConfig } from './encoder.ts';
import { encoderKinds } from './encoders/index.ts';
import { checkProjector, type ProjectorConfig } from './projector.ts';

/** A network as plain data. */
export interface ModelConfig {
  /** From patch to embedding. */
  readonly encoder: EncoderConfig;
  /** From embedding to projection, which the loss sees. */
  readonly projector: ProjectorConfig;
}

/** The default: small enough to train on a phone's processor. */
export const compact: ModelConfig = { encoder: compactEncoder, projector: compactProjector };

/** Rejects a network that cannot be built for patches of `size` px, naming the value. `kinds`: the encoders it may have. */
export function checkModel(config: ModelConfig, size: number, kinds = encoderKinds): ModelConfig {
  checkOptions('model', config, { encoder: needed(OBJECT), projector: needed(OBJECT) });
  checkOptions('A network', { 'size of its patches': size }, { 'size of its patches': needed(whole(4, 1024)) });
  checkEncoder(config.encoder, size, kinds);
  checkProjector(config.projector);
  return config;
}
