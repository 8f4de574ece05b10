import { allEncoderKinds } from '../model/all-encoder-kinds.ts';
import { completeConfig, type RunChanges, type RunConfig } from './run-config.ts';

/** A complete, checked configuration from what differs from the default. */
export const runConfig = (overrides: RunChanges): RunConfig => completeConfig(overrides, allEncoderKinds);
