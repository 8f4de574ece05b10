import { checkOptions, givenParts } from '../base/options.ts';
import type { ModelConfig } from '../model/config.ts';
import type { Weights } from '../model/scope.ts';
import { averagedWeights } from '../optimizers/averaged-weights.ts';
import { checkRecipe, type Recipe, withoutAugmentation } from '../patches/recipe.ts';
import { type BagLayout, checkLayout, checkPlaced, seesWhole } from './bag-layout.ts';
import { type BagPlacement, checkBagPlacement } from './bag-placement.ts';
import {
  type EncoderParts,
  type EncoderUse,
  type Feature,
  PARTS_RULES,
  type TrainedRun,
  USE_RULES,
  type WholeEncoder,
} from './encoder-parts.ts';
import type { EncoderFile } from './read-encoder.ts';
import { Whitening } from './whitening.ts';

/** A trained encoder as one value: everything that turns an image into a bag of vectors. It never changes. */
export class PatchEncoder implements WholeEncoder {
  /** The network. */
  readonly model: ModelConfig;
  /** The network's tensors by name, float32. */
  readonly weights: Weights;
  /** Patch size, scale and normalisation, without augmentation. */
  readonly recipe: Recipe;
  /** Which output of the network is the vector. */
  readonly feature: Feature;
  /** Where a bag's patches lie unless a call says otherwise. */
  readonly placement: BagPlacement;
  /** Applied to every vector; absent: none. */
  readonly whitening?: Whitening;
  /** How the patches' vectors become the image's. */
  readonly layout: BagLayout;

  /**
   * An encoder from its parts. The network is checked when it is first built.
   * @throws BagsslError `bad-argument` for a part that is missing or cannot be
   */
  constructor(parts: EncoderParts) {
    givenParts(parts, 'What PatchEncoder is given', 'model', 'weights', 'recipe');
    checkOptions('PatchEncoder', parts, PARTS_RULES);
    const {
      model,
      weights,
      recipe,
      feature = 'preFeature',
      layout = 'mean',
      placement = seesWhole(layout) ? { kind: 'whole' } : { kind: 'grid', across: 5 },
      whitening,
    } = parts;
    this.model = model;
    this.weights = averagedWeights(weights);
    this.recipe = withoutAugmentation(checkRecipe(recipe));
    this.feature = feature;
    this.layout = checkLayout(layout);
    this.placement = checkBagPlacement(placement);
    checkPlaced(this.layout, this.placement);
    if (whitening) {
      givenParts(whitening, 'whitening', 'mean', 'matrix');
      this.whitening = whitening;
    }
  }

  /**
   * The encoder that a run has trained, such as a checkpoint's.
   * @throws BagsslError `bad-argument`
   */
  static from(run: TrainedRun, use: EncoderUse = {}): PatchEncoder {
    givenParts(run, 'What PatchEncoder.from is given', 'config', 'state');
    checkOptions('PatchEncoder.from', use, USE_RULES);
    const { model, recipe } = run.config;
    return new PatchEncoder({ ...use, model, recipe, weights: run.state });
  }

  /**
   * Reads a file that `write` made.
   * @throws BagsslError `bad-checkpoint` for any other file; `bad-argument` for a network or recipe in it that cannot be
   */
  static async read(bytes: Uint8Array): Promise<PatchEncoder> {
    // What checks a network also builds it: a page loads that once, when it first needs it.
    const { readEncoder, checkModel } = await import('./encoder-program.ts');
    try {
      const file = readEncoder(bytes);
      checkModel(file.model, file.recipe.size);
      return encoderOf(file);
    } catch (cause) {
      const { unreadable } = await import('./unreadable.ts');
      throw unreadable(bytes, cause);
    }
  }

  /** The same encoder with another feature, placement, whitening, layout or recipe. */
  with(changes: Partial<EncoderParts>): PatchEncoder {
    return new PatchEncoder({ ...this, ...changes });
  }

  /**
   * The encoder as one safetensors file, in half precision: the tensors its feature needs, the whitening, and the rest as JSON
   * in the file's metadata. Half floats change a vector by about a thousandth.
   * @throws BagsslError `bad-argument` for an encoder that is an .onnx file, or weights beyond half floats (65,504);
   * `bad-checkpoint`, `shape-mismatch` if the weights are not the network's
   */
  async write(): Promise<Uint8Array<ArrayBuffer>> {
    const { writeEncoder } = await import('./write-encoder.ts');
    return writeEncoder(this);
  }

  /** SHA-256 of everything that decides a vector, in hexadecimal. Two encoders with one digest give the same vectors. */
  async digest(): Promise<string> {
    const { encoderDigest } = await import('./write-encoder.ts');
    return encoderDigest(this);
  }
}

/** The encoder of what `readEncoder` gives. */
export function encoderOf({ whitening, ...parts }: EncoderFile): PatchEncoder {
  return new PatchEncoder({ ...parts, ...(whitening && { whitening: new Whitening(...whitening) }) });
}
