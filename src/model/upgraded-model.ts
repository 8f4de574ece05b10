import { BagsslError } from '../base/errors.ts';
import { quote } from '../base/values.ts';
import type { ModelConfig } from './config.ts';

/**
 * A network as files of 0.1.0 hold it, without the side of patches that it repeated from the recipe.
 * @throws BagsslError `bad-checkpoint` where the two differ
 */
export function upgradedModel(model: ModelConfig & { readonly size?: unknown }, size: number): ModelConfig {
  if (typeof model !== 'object' || model === null || !('size' in model)) return model;
  const { size: own, ...rest } = model;
  if (own === size) return rest;
  throw new BagsslError(
    'bad-checkpoint',
    `The recipe cuts patches of ${quote(size)} px, but the model takes ${quote(own)} px; restore a copy of the file.`,
  );
}
