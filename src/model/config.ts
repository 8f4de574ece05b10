import { checkOptions, needed, OBJECT, whole } from '../base/options.ts';
import { checkEncoder, type EncoderConfig } from './encoder.ts';
import { encoders, projectors } from './presets.ts';
import { checkProjector, type ProjectorConfig } from './projector.ts';

/** A network as plain data. */
export interface ModelConfig {
  /** Side of the square patches it sees, px. */
  readonly size: number;
  /** From patch to embedding. */
  readonly encoder: EncoderConfig;
  /** From embedding to projection, which the loss sees. */
  readonly projector: ProjectorConfig;
}

/** The default: small enough to train on a phone's processor. */
export const compact: ModelConfig = { size: 16, encoder: encoders.compact, projector: projectors.compact };

/** Rejects a configuration that cannot be built, naming the value. */
export function checkModel(config: ModelConfig): ModelConfig {
  checkOptions('model', config, { size: needed(whole(4, 1024)), encoder: needed(OBJECT), projector: needed(OBJECT) });
  checkEncoder(config.encoder, config.size);
  checkProjector(config.projector);
  return config;
}
