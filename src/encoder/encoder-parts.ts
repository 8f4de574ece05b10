import { needed, OBJECT, oneOf, type Rule, type Rules } from '../base/options.ts';
import type { ModelConfig } from '../model/config.ts';
import type { Weights } from '../model/scope.ts';
import type { Recipe } from '../patches/recipe.ts';
import type { BagLayout, PartLayout } from './bag-layout.ts';
import type { BagPlacement } from './bag-placement.ts';
import type { BlockLayout } from './block-layout.ts';
import type { Whitening } from './whitening.ts';

/**
 * What a bag is made of: `embedding` is the encoder's output, `preFeature` the projector's first hidden layer (what
 * EMP-SSL evaluates), `projection` the projector's output.
 */
export type Feature = 'embedding' | 'preFeature' | 'projection';

/** The outputs of a network that a bag can be made of. */
export const FEATURES: readonly Feature[] = ['embedding', 'preFeature', 'projection'];

/** How an encoder's vectors are made: what a trained network leaves open. */
export interface EncoderUse {
  /** Which output of the network is the vector; default `preFeature`. */
  readonly feature?: Feature;
  /** Where a bag's patches lie unless a call says otherwise; default a grid, 5 across. */
  readonly placement?: BagPlacement;
  /** Applied to every vector. It is learnt from bags of the same feature; default none. */
  readonly whitening?: Whitening;
  /** How the patches' vectors become the image's; default their mean. */
  readonly layout?: BagLayout;
}

/** What a `PatchEncoder` is made of. */
export interface EncoderParts extends EncoderUse {
  /** The network. */
  readonly model: ModelConfig;
  /** The network's tensors by name. A checkpoint's state serves as it is; its moving averages are used where it has them. */
  readonly weights: Weights;
  /** Patch size, scale and normalisation. Its augmentation is dropped. */
  readonly recipe: Recipe;
}

const LAYOUT: Rule = { asked: 'a layout', fits: (value) => typeof value === 'string' || OBJECT.fits(value) };

/** The rules of `EncoderUse`, for the options objects that include it. */
export const USE_RULES: Rules<EncoderUse> = {
  feature: oneOf(...FEATURES),
  placement: OBJECT,
  whitening: OBJECT,
  layout: LAYOUT,
};

/** The rules of `EncoderParts`. */
export const PARTS_RULES: Rules<EncoderParts> = {
  ...USE_RULES,
  model: needed(OBJECT),
  weights: needed(OBJECT),
  recipe: needed(OBJECT),
};

/** A run that has been trained, such as a `Checkpoint`. */
export interface TrainedRun {
  /** What was trained. */
  readonly config: Pick<EncoderParts, 'model' | 'recipe'>;
  /** The tensors, by name. */
  readonly state: Weights;
}

/** An encoder with nothing left open. */
export type WholeEncoder = Required<Omit<EncoderParts, 'whitening'>> & Pick<EncoderParts, 'whitening'>;

/** What an encoder's file says in its metadata; no layout: `mean`. */
export type Header = Omit<WholeEncoder, 'weights' | 'whitening' | 'layout'> & {
  readonly layout?: PartLayout | Pick<BlockLayout, 'kind' | 'blocks'>;
};

/** Where a file's metadata has the header, and its tensors the whitening. */
export const NAMES = { header: 'bagssl', mean: 'whitening.mean', matrix: 'whitening.matrix' };
