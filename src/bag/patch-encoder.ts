import type { ModelConfig } from '../model/config.ts';
import type { Weights } from '../model/scope.ts';
import type { Recipe } from '../patches/recipe.ts';
import type { BagPlacement } from './bag-placement.ts';
import type { Feature } from './feature.ts';
import type { Whitening } from './whitening.ts';

/** Everything that makes a bag of an image. */
export interface PatchEncoder {
  /** The network. */
  readonly model: ModelConfig;
  /** Its weights, by name. */
  readonly weights: Weights;
  /** Patch size, scale and normalisation it was trained with. */
  readonly recipe: Recipe;
  /** What of it serves as the embedding. */
  readonly feature: Feature;
  /** Where the patches of a bag lie unless a call says otherwise. */
  readonly placement: BagPlacement;
  /** Applied to every vector; absent: none. */
  readonly whitening?: Whitening;
}

/** What its file says beside tensors. */
export type Header = Omit<PatchEncoder, 'weights' | 'whitening'>;

/** Where the file's metadata has the header, and its tensors the whitening. */
export const NAMES = { header: 'bagssl', mean: 'whitening.mean', matrix: 'whitening.matrix' };
