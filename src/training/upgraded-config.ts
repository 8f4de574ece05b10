import { upgradedModel } from '../model/upgraded-model.ts';
import type { RunConfig } from './run-config.ts';

/** A run's configuration as checkpoints of 0.1.0 hold it, in today's form. */
export function upgradedConfig(old: RunConfig): RunConfig {
  return { ...old, model: upgradedModel(old.model, old.recipe?.size) };
}
