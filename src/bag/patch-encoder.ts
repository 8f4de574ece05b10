import type { ModelConfig } from '../model/config.ts';
import type { Weights } from '../model/scope.ts';
import type { Recipe } from '../patches/recipe.ts';
import type { BagPlacement } from './bag-placement.ts';
import type { Feature } from './feature.ts';
import type { Whitening } from './whitening.ts';

/** Everything that makes a bag of an image. */
export interface PatchEncoder {
  readonly model: ModelConfig;
  readonly weights: Weights;
  readonly recipe: Recipe;
  readonly feature: Feature;
  readonly placement: BagPlacement;
  readonly whitening?: Whitening;
}

/** What its file says beside tensors. */
export type Header = Omit<PatchEncoder, 'weights' | 'whitening'>;

/** Where the file's metadata has the header, and its tensors the whitening. */
export const NAMES = { header: 'bagssl', mean: 'whitening.mean', matrix: 'whitening.matrix' };
