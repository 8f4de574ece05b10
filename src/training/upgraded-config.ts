import { upgradedModel } from '../model/upgraded-model.ts';
import type { RunConfig } from './run-config.ts';

/**
 * Converts a run's configuration from a 0.1.0 checkpoint to today's form. Version 0.1.0 used `name` for what is now `kind`, and
 * repeated the side of patches in the model.
 */
export function upgradedConfig(old: RunConfig): RunConfig {
  const { model, recipe, objective, optimizer, schedule, ...rest } = old;
  return {
    ...rest,
    recipe,
    model: upgradedModel(model, recipe?.size),
    objective: withKind(objective),
    optimizer: withKind(optimizer),
    schedule: withKind(schedule),
  };
}

function withKind<T extends object>(choice: T): T {
  if (typeof choice !== 'object' || choice === null || !('name' in choice) || 'kind' in choice) return choice;
  const { name, ...options } = choice;
  return { kind: name, ...options } as unknown as T;
}
