import type { ImageSet } from '../../src/data.ts';
import type { Matrix } from '../../src/embed.ts';
import {
  type GrowingBags,
  growingBags,
  KNN_PROTOCOLS,
  knnAccuracies,
  type Labelled,
  linearProbe,
} from '../../src/evaluate.ts';
import type { Embedder } from '../../src/index.ts';
import type { Placement } from '../../src/patches.ts';
import { inTurn, subset } from '../report/in-turn.ts';
import { embedderOf } from './embedder-of.ts';
import type { Setting } from './setting.ts';
import { seconds } from './setting.ts';
import { MULTI_CROP, MULTI_CROP_BAGS } from './subjects.ts';
import type { Trained } from './train-all.ts';

/** Sizes of a bag; all positions are measured too. */
export const COUNTS = [1, 4, 16, 64, 128] as const;
/** Epochs of the linear probe. The protocol has 100, but there are many probes here. */
export const EPOCHS = 30;

/** One accuracy measurement. */
export interface Reading {
  readonly subject: string;
  readonly seed: number;
  /** What represents an image. */
  readonly kind: 'bag' | 'centre crop';
  /** Share of the area a patch covers. */
  readonly scale: number;
  /** The side of the encoder's input, px. */
  readonly size: number;
  readonly patches: number;
  /** Whether the bag has every position once. */
  readonly all: boolean;
  readonly linear: number;
  readonly knn_k200: number;
  readonly knn_k20: number;
}

export interface AccuracyPlan {
  /** Labelled and test images for each seed; seeds share none while there are enough. */
  readonly labelled: number;
  readonly tested: number;
  /** Pixels between positions. */
  readonly stride: number;
}

type Sides = readonly [Labelled, Labelled];

const placed = (scale: number, stride: number): Placement => ({ kind: 'all', stride, scales: [scale] });
const bagScales = ({ subject }: Trained) => (subject.scale === undefined ? MULTI_CROP_BAGS : [subject.scale]);

/** The number of images that can be embedded and probed in `budget` seconds, estimated from a few. */
export async function planAccuracy(
  setting: Setting,
  trained: readonly Trained[],
  budget: number,
): Promise<AccuracyPlan> {
  const { train, test } = setting;
  const seeds = new Set(trained.map(({ seed }) => seed)).size;
  const first = trained.filter(({ seed }) => seed === trained[0].seed);
  const sample = subset(train, inTurn(train, 12));
  const perProbe = await probeSeconds(setting, first[0]);
  let probes = 0;
  for (const one of first) {
    probes += bagScales(one).length * (COUNTS.length + 1) + (one.subject === MULTI_CROP ? 2 : 0);
  }
  const room = (perImage: number) => {
    // Seven in ten images are labelled; a probe's work is proportional to their number.
    const images = budget / seeds / (perImage + 0.7 * probes * perProbe);
    return Math.min(images, 2000 / 0.3);
  };
  const costOf = async (stride: number) => {
    let perImage = 0;
    for (const one of first) {
      await using embedder = await embedderOf(setting, one, 'preFeature');
      for (const scale of bagScales(one)) {
        const options = { counts: COUNTS, placement: placed(scale, stride) };
        // The first images warm the engine up.
        await growingBags(embedder, subset(sample, [0, 1]), options);
        perImage += (await seconds(() => growingBags(embedder, sample, options))) / sample.length;
      }
    }
    return perImage;
  };
  let stride = 2;
  let images = room(await costOf(stride));
  if (images < 300) {
    stride = 4;
    images = room(await costOf(stride));
  } else if (images > 4000) {
    // Every position is about four times the work; it is chosen if enough images remain.
    const dense = room(await costOf(1));
    if (dense > 3000) [images, stride] = [dense, 1];
  }
  return {
    stride,
    labelled: Math.max(2, Math.min(train.length, Math.max(50, Math.floor(0.7 * images)))),
    tested: Math.max(2, Math.min(test.length, Math.max(50, Math.floor(0.3 * images)))),
  };
}

/** Seconds of a probe for each labelled image, estimated by a small probe of meaningless vectors. */
async function probeSeconds({ runtime }: Setting, { config }: Trained): Promise<number> {
  const columns = config.model.projector.hidden[0];
  const rows = 2000;
  const data = Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i * i));
  const labelled = { features: { data, rows, columns }, labels: Int32Array.from({ length: rows }, (_, i) => i % 10) };
  const few = { features: { data: data.subarray(0, columns), rows: 1, columns }, labels: Int32Array.of(0) };
  const run = (epochs: number) => seconds(() => linearProbe(runtime, labelled, few, { epochs }));
  const [short, long] = [await run(1), await run(5)];
  return (Math.max(0, long - short) / 4 / rows) * EPOCHS;
}

/** Slice `turn` of `count` images, taken from the classes in turn; it wraps around where there are too few. */
function part(images: ImageSet, count: number, turn: number): ImageSet {
  const order = inTurn(images, images.length);
  return subset(
    images,
    Array.from({ length: count }, (_, i) => order[(turn * count + i) % order.length]),
  );
}

/** C2 and C6: linear and nearest-neighbour accuracy of every bag size, and of the baseline's centre crop. */
export async function measureAccuracy(
  setting: Setting,
  trained: readonly Trained[],
  { labelled, tested, stride }: AccuracyPlan,
): Promise<Reading[]> {
  const readings: Reading[] = [];
  const seeds = [...new Set(trained.map(({ seed }) => seed))];
  for (const [number, one] of trained.entries()) {
    const { subject, seed, config } = one;
    const turn = seeds.indexOf(seed);
    const sides = [part(setting.train, labelled, turn), part(setting.test, tested, turn)] as const;
    const told = (done: number, total: number) =>
      setting.progress.show(
        (number + done / total) / trained.length,
        `accuracy of ${subject.name}, seed ${seed}: ${done} of ${total} images`,
      );
    const read = async (what: Omit<Reading, 'subject' | 'seed' | 'linear' | 'knn_k20' | 'knn_k200'>, of: Sides) => {
      readings.push({ subject: subject.id, seed, ...what, ...(await accuracies(setting, of, seed)) });
    };
    await using embedder = await embedderOf(setting, one, 'preFeature');
    for (const scale of bagScales(one)) {
      const grown: GrowingBags[] = [];
      for (const images of sides) {
        const options = { counts: COUNTS, placement: placed(scale, stride), seed, signal: setting.signal };
        grown.push(await growingBags(embedder, images, { ...options, onProgress: told }));
      }
      const { size } = config.recipe;
      const pair = (of: (bags: GrowingBags) => Matrix): Sides =>
        sides.map((images, side) => ({ features: of(grown[side]), labels: images.labels! })) as unknown as Sides;
      for (const [i, patches] of COUNTS.entries()) {
        await read(
          { kind: 'bag', scale, size, patches, all: false },
          pair(({ drawn }) => drawn[i]),
        );
      }
      const patches = grown[0].positions;
      await read(
        { kind: 'bag', scale, size, patches, all: true },
        pair(({ all }) => all),
      );
    }
    if (subject === MULTI_CROP) {
      // At the size it was trained with, and at twice that size: the better one is the baseline.
      const { size } = config.recipe;
      await read(
        { kind: 'centre crop', scale: 1, size, patches: 1, all: false },
        await whole(embedder, sides, setting),
      );
      await using large = await embedderOf(setting, one, 'preFeature', 2 * size);
      const at = { kind: 'centre crop', scale: 1, size: 2 * size, patches: 1, all: false } as const;
      await read(at, await whole(large, sides, setting));
    }
  }
  return readings;
}

async function whole(embedder: Embedder, sides: readonly ImageSet[], { signal }: Setting): Promise<Sides> {
  const placement: Placement = { kind: 'grid', across: 1, scales: [1] };
  const both = [];
  for (const images of sides) {
    both.push({ features: await embedder.matrix(images, { placement, signal }), labels: images.labels! });
  }
  return both as unknown as Sides;
}

async function accuracies({ runtime, signal }: Setting, [train, test]: Sides, seed: number) {
  const { knnK200, knnK20 } = await knnAccuracies(runtime, train, test, KNN_PROTOCOLS);
  return {
    knn_k200: knnK200,
    knn_k20: knnK20,
    linear: await linearProbe(runtime, train, test, { epochs: EPOCHS, seed, signal }),
  };
}
