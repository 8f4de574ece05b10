import type { BagPlacement } from '../bag/bag-placement.ts';
import { Embedder } from '../bag/embedder.ts';
import type { Feature } from '../bag/feature.ts';
import { Whitening } from '../bag/whitening.ts';
import { BagsslError } from '../base/errors.ts';
import type { Matrix } from '../base/matrix.ts';
import { givenParts } from '../base/options.ts';
import type { ImageSet } from '../data/image-set.ts';
import { checkImageSet } from '../data/image-set.ts';
import type { ModelConfig } from '../model/config.ts';
import type { Weights } from '../model/scope.ts';
import type { Recipe } from '../patches/recipe.ts';
import { Runtime, type RuntimeOptions, runtimeOptions } from '../runtime/runtime.ts';
import { KNN_PROTOCOLS, knnAccuracies, type Labelled } from './knn.ts';
import { linearProbe } from './linear-probe.ts';
import { pixelFeatures } from './pixel-features.ts';

/** What is evaluated, on which images. */
export interface EvaluateOptions extends RuntimeOptions {
  /** The network. */
  readonly model: ModelConfig;
  /** Patch size, scale and normalisation; its augmentation is switched off. */
  readonly recipe: Recipe;
  /** As trained; a checkpoint's state serves as it is. */
  readonly weights: Weights;
  /** The same network as it was before training. */
  readonly untrained: Weights;
  /** Labelled images, the ones neighbours and probe learn from. */
  readonly train: ImageSet;
  /** Labelled images of the same classes, the ones that are told apart. */
  readonly test: ImageSet;
  /** Default: a grid, 3 across. */
  readonly placement?: BagPlacement;
  /** What of the network is the embedding; default `preFeature`. */
  readonly feature?: Feature;
  /** Passes of the linear probe; default 100. */
  readonly epochs?: number;
  /** Of the probe's order of images; default 0. */
  readonly seed?: number;
  /** Workers that cut patches; default 2. 0: the calling thread does it. */
  readonly workers?: number;
  /** Where patches.worker.js lies, if not beside this module. */
  readonly workerUrl?: URL | string;
  /** Ends the evaluation soon, with `aborted`; what it opened is freed. */
  readonly signal?: AbortSignal;
  /** Told what is being done and how far it is, 0 to 1. */
  readonly onProgress?: (stage: string, share: number) => void;
}

/** Accuracies, 0 to 1. */
export interface Accuracies {
  /** Of 200 nearest neighbours at temperature 0.1, 0 to 1. */
  readonly knn_k200: number;
  /** Of 20 nearest neighbours at temperature 0.07, 0 to 1. */
  readonly knn_k20: number;
  /** Of a linear classifier, 0 to 1. */
  readonly linear: number;
}

/** How good a representation is, beside what the same network gives untrained and what raw pixels give. */
export interface Evaluation extends Accuracies {
  /** kNN with the bags whitened, as learnt from the labelled images' vectors. */
  readonly whitened: Omit<Accuracies, 'linear'>;
  /** The same network before training. */
  readonly untrained: Accuracies;
  /** Raw pixels in place of vectors. */
  readonly pixels: Accuracies;
  /** Patches averaged for an image (of the first test image, where sizes differ). */
  readonly patches: number;
  /** How many images were learnt from. */
  readonly train_images: number;
  /** How many images were told apart. */
  readonly test_images: number;
}

/** The default bag of an evaluation: nine patches already give most of the accuracy, at a third of the grid's cost. */
export const EVALUATION_PLACEMENT: BagPlacement = { kind: 'grid', across: 3 };

/**
 * Weighted kNN under both protocols and the linear probe, for the trained encoder, the untrained one and raw pixels.
 * @throws BagsslError `bad-data` for a set without labels or images; as `Embedder.create`; `aborted`
 */
export async function evaluate(options: EvaluateOptions): Promise<Evaluation> {
  givenParts(options, 'What evaluate is given', 'model', 'recipe', 'weights', 'untrained', 'train', 'test');
  const { train, test, placement = EVALUATION_PLACEMENT, signal, onProgress, weights, untrained } = options;
  for (const [what, set] of Object.entries({ train, test })) {
    checkImageSet(set, what);
    if (!set.labels) {
      throw new BagsslError(
        'bad-data',
        `"${set.name}" has no labels, so accuracy cannot be measured; sort the images into one folder for each class.`,
      );
    }
    if (set.length === 0) throw new BagsslError('bad-data', `"${set.name}" holds no images.`);
  }
  const told = (stage: string) => (done: number, total: number) => onProgress?.(stage, done / total);
  let patches = 0;
  const featuresOf = async (
    name: string,
    of: (images: ImageSet, progress: ReturnType<typeof told>) => Promise<Matrix>,
  ): Promise<Sides> => {
    const total = train.length + test.length;
    const embedding = told(`${name}: embedding`);
    return [
      { features: await of(train, (done) => embedding(done, total)), labels: train.labels! },
      { features: await of(test, (done) => embedding(train.length + done, total)), labels: test.labels! },
    ];
  };
  const measure = (name: string, sides: Sides) => accuracies(options, ...sides, told(`${name}: linear probe`), signal);
  const encoded = async (name: string, tensors: Weights) => {
    const embedder = await Embedder.create({ ...options, weights: tensors });
    try {
      for await (const { count } of embedder.bags(firstOf(test), { placement })) patches = count;
      return await featuresOf(name, (images, progress) =>
        embedder.matrix(images, { placement, signal, onProgress: progress }),
      );
    } finally {
      await embedder.dispose();
    }
  };
  const trained = await encoded('trained', weights);
  return {
    ...(await measure('trained', trained)),
    whitened: await whitened(options, trained),
    untrained: await measure('untrained', await encoded('untrained', untrained)),
    pixels: await measure('pixels', await featuresOf('pixels', (images) => pixelFeatures(images, options))),
    patches,
    train_images: train.length,
    test_images: test.length,
  };
}

type Sides = readonly [train: Labelled, test: Labelled];

async function whitened(options: EvaluateOptions, sides: Sides) {
  const runtime = await Runtime.open(runtimeOptions(options));
  const { signal } = options;
  const whitening = await Whitening.fit(runtime, sides[0].features, { signal });
  const white = async ({ features, labels }: Labelled) => ({
    features: await whitening.applyAll(runtime, features, { signal }),
    labels,
  });
  return knnAccuracies(runtime, await white(sides[0]), await white(sides[1]), KNN_PROTOCOLS, { signal });
}

async function accuracies(
  options: EvaluateOptions,
  train: Labelled,
  test: Labelled,
  onProgress: (done: number, total: number) => void,
  signal?: AbortSignal,
): Promise<Accuracies> {
  const runtime = await Runtime.open(runtimeOptions(options));
  const nearest = await knnAccuracies(runtime, train, test, KNN_PROTOCOLS, { signal });
  const { epochs, seed } = options;
  const linear = await linearProbe(runtime, train, test, { epochs, seed, signal, onProgress });
  return { ...nearest, linear };
}

const firstOf = (images: ImageSet): ImageSet => ({ name: images.name, length: 1, image: (i) => images.image(i) });
