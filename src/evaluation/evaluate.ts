import { createEmbedder } from '../bag/create-embedder.ts';
import { BagsslError } from '../base/errors.ts';
import {
  ADDRESS,
  checkOptions,
  FUNCTION,
  givenParts,
  needed,
  OBJECT,
  type Rules,
  SIGNAL,
  whole,
} from '../base/options.ts';
import type { ImageSet } from '../data/image-set.ts';
import { checkImageSet } from '../data/image-set.ts';
import { seesWhole } from '../encoder/bag-layout.ts';
import type { BagPlacement } from '../encoder/bag-placement.ts';
import type { PatchEncoder } from '../encoder/patch-encoder.ts';
import type { OnnxEncoder } from '../onnx-encoder/onnx-encoder.ts';
import { RUNTIME_RULES, Runtime, type RuntimeOptions, runtimeOptions } from '../runtime/runtime.ts';
import { KNN_PROTOCOLS, type KnnProtocol, knnAccuracies, type Labelled } from './knn.ts';
import { labelledVectors } from './labelled-vectors.ts';
import { linearProbe } from './linear-probe.ts';
import { pixelFeatures } from './pixel-features.ts';
import { checkSameClasses } from './same-classes.ts';
import { whitenedVectors } from './whitened-vectors.ts';

/** What is evaluated, on which images. */
export interface EvaluateOptions extends RuntimeOptions {
  /** The trained encoder, or an .onnx file that runs as it is. */
  readonly encoder: PatchEncoder | OnnxEncoder;
  /** The same encoder as it was before training, to compare with; absent: there is none. */
  readonly untrained?: PatchEncoder;
  /** Labelled images, the ones neighbours and probe learn from. */
  readonly train: ImageSet;
  /** Labelled images of the same classes, to classify. */
  readonly test: ImageSet;
  /** Default: a grid, 3 across; of an .onnx file that runs as it is, the encoder's own. */
  readonly placement?: BagPlacement;
  /** Passes of the linear probe; default 100. */
  readonly epochs?: number;
  /** Of the probe's order of images; default 0. */
  readonly seed?: number;
  /** Workers that cut patches; default 2. 0: the calling thread does it. */
  readonly workers?: number;
  /** Where patches.worker.js is, if not next to this module. */
  readonly workerUrl?: URL | string;
  /** Stops the evaluation with an `aborted` error and frees what it opened. */
  readonly signal?: AbortSignal;
  /** Called with the current task and its progress, 0 to 1. */
  readonly onProgress?: (stage: string, share: number) => void;
}

const RULES: Rules<EvaluateOptions> = {
  encoder: needed(OBJECT),
  untrained: OBJECT,
  ...RUNTIME_RULES,
  train: needed(OBJECT),
  test: needed(OBJECT),
  placement: OBJECT,
  epochs: whole(1),
  seed: whole(0),
  workers: whole(0),
  workerUrl: ADDRESS,
  signal: SIGNAL,
  onProgress: FUNCTION,
};

/** Accuracies, 0 to 1. */
export interface Accuracies {
  /** Of 200 nearest neighbours (see `Evaluation.neighbours`) at temperature 0.1, 0 to 1. */
  readonly knnK200: number;
  /** Of 20 nearest neighbours (see `Evaluation.neighbours`) at temperature 0.07, 0 to 1. */
  readonly knnK20: number;
  /** Of a linear classifier, 0 to 1. */
  readonly linear: number;
}

/** How good a representation is, compared with the untrained network and with raw pixels. */
export interface Evaluation extends Accuracies {
  /** kNN with the bags whitened, as learnt from the labelled images' vectors. */
  readonly whitened: Omit<Accuracies, 'linear'>;
  /** The same encoder with layout `mean`, as the paper has it, where its own layout keeps parts of the image apart. */
  readonly mean?: Accuracies & Pick<Evaluation, 'whitened'>;
  /** The same network before training, where one was given. */
  readonly untrained?: Accuracies;
  /** Raw pixels in place of vectors. */
  readonly pixels: Accuracies;
  /** How many neighbours voted: 200 and 20, but no more than a class has labelled images on average. */
  readonly neighbours: Readonly<Record<keyof typeof KNN_PROTOCOLS, number>>;
  /** Patches averaged for an image (of the first test image, where sizes differ). */
  readonly patches: number;
  /** How many images were learnt from; those that cannot be read are left out. */
  readonly trainImages: number;
  /** How many images were classified; those that cannot be read are left out. */
  readonly testImages: number;
}

/** The default bag of an evaluation: nine patches already give most of the accuracy, at a third of the grid's cost. */
export const EVALUATION_PLACEMENT: BagPlacement = { kind: 'grid', across: 3 };

/** An encoder as the paper has it, if its layout is another. */
const withMean = (encoder: PatchEncoder | OnnxEncoder) =>
  'layout' in encoder && typeof encoder.layout === 'string' && encoder.layout !== 'mean'
    ? encoder.with({ layout: 'mean' })
    : undefined;

const placesPatches = (encoder: PatchEncoder | OnnxEncoder) => 'layout' in encoder && !seesWhole(encoder.layout);

/**
 * Weighted kNN under both protocols and the linear probe, for the trained encoder, the untrained one and raw pixels.
 * @throws BagsslError `bad-data` for a set without labels or images, or of which none can be read, for sets of different classes or of
 * one class; as `createEmbedder`; `aborted`
 */
export async function evaluate(options: EvaluateOptions): Promise<Evaluation> {
  givenParts(options, 'What evaluate is given', 'encoder', 'train', 'test');
  checkOptions('evaluate', options, RULES);
  const { encoder, untrained, train, test, signal, onProgress } = options;
  const { placement = placesPatches(encoder) ? EVALUATION_PLACEMENT : encoder.placement } = options;
  for (const [what, set] of Object.entries({ train, test })) {
    checkImageSet(set, what);
    if (!set.labels) {
      throw new BagsslError(
        'bad-data',
        `"${set.name}" has no labels, so accuracy cannot be measured; sort the images into one folder for each class, and open it with labels: true.`,
      );
    }
    if (set.length === 0) throw new BagsslError('bad-data', `"${set.name}" holds no images.`);
  }
  checkSameClasses(train, test);
  if (new Set(train.labels).size < 2) {
    throw new BagsslError(
      'bad-data',
      `Accuracy cannot be measured: all images of "${train.name}" are of one class, so every answer would be right.`,
    );
  }
  const { workers, workerUrl } = options;
  const engine = { ...runtimeOptions(options), workers, workerUrl };
  const told = (stage: string) => (done: number, total: number) => onProgress?.(stage, done / total);
  let patches = 0;
  const featuresOf = async (
    name: string,
    of: (images: ImageSet, progress: ReturnType<typeof told>) => Promise<Labelled>,
  ): Promise<Sides> => {
    const total = train.length + test.length;
    const embedding = told(`${name}: embedding`);
    return [
      await of(train, (done) => embedding(done, total)),
      await of(test, (done) => embedding(train.length + done, total)),
    ];
  };
  const measure = (name: string, sides: Sides) => accuracies(options, ...sides, told(`${name}: linear probe`), signal);
  const encoded = async (name: string, own: PatchEncoder | OnnxEncoder) => {
    const embedder = await createEmbedder({ ...engine, encoder: own });
    try {
      for await (const { count } of embedder.bags(test, { placement, onError: 'skip' })) {
        patches = count;
        break;
      }
      return await featuresOf(name, (images, progress) =>
        labelledVectors(embedder, images, { placement, signal, onProgress: progress }),
      );
    } finally {
      await embedder.dispose();
    }
  };
  const trained = await encoded('trained', encoder);
  const { knnK200, knnK20 } = protocolsFor(trained[0]);
  const all = async (name: string, sides: Sides) => ({
    ...(await measure(name, sides)),
    whitened: await whitened(options, sides),
  });
  const plain = withMean(encoder);
  return {
    ...(await all('trained', trained)),
    ...(plain && { mean: await all('plain mean', await encoded('plain mean', plain)) }),
    ...(untrained && { untrained: await measure('untrained', await encoded('untrained', untrained)) }),
    pixels: await measure('pixels', await featuresOf('pixels', (images) => pixelFeatures(images, options))),
    neighbours: { knnK200: knnK200.k, knnK20: knnK20.k },
    patches,
    trainImages: trained[0].labels.length,
    testImages: trained[1].labels.length,
  };
}

type Sides = readonly [train: Labelled, test: Labelled];

async function whitened(options: EvaluateOptions, sides: Sides) {
  const runtime = await Runtime.open(runtimeOptions(options));
  const { signal } = options;
  const [train, test] = await whitenedVectors(runtime, sides[0].features, [sides[1].features], signal);
  const white = sides.map(({ labels }, i) => ({ features: [train, test][i], labels }));
  return knnAccuracies(runtime, white[0], white[1], protocolsFor(sides[0]), { signal });
}

/** More neighbours than a class has images would mostly be of others. */
function protocolsFor({ labels }: Labelled): Record<keyof typeof KNN_PROTOCOLS, KnnProtocol> {
  const most = Math.max(1, Math.floor(labels.length / new Set(labels).size));
  const within = (protocol: KnnProtocol) => ({ ...protocol, k: Math.min(protocol.k, most) });
  return { knnK200: within(KNN_PROTOCOLS.knnK200), knnK20: within(KNN_PROTOCOLS.knnK20) };
}

async function accuracies(
  options: EvaluateOptions,
  train: Labelled,
  test: Labelled,
  onProgress: (done: number, total: number) => void,
  signal?: AbortSignal,
): Promise<Accuracies> {
  const runtime = await Runtime.open(runtimeOptions(options));
  const nearest = await knnAccuracies(runtime, train, test, protocolsFor(train), { signal });
  const { epochs, seed } = options;
  const linear = await linearProbe(runtime, train, test, { epochs, seed, signal, onProgress });
  return { ...nearest, linear };
}
