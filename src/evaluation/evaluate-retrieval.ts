import { createEmbedder } from '../bag/create-embedder.ts';
import type { EncoderSource } from '../bag/embedder-options.ts';
import { BagsslError } from '../base/errors.ts';
import type { Matrix } from '../base/matrix.ts';
import { ADDRESS, checkOptions, FUNCTION, given, needed, OBJECT, type Rules, SIGNAL, whole } from '../base/options.ts';
import { checkImageSet, type ImageSet } from '../data/image-set.ts';
import { seesWhole } from '../encoder/bag-layout.ts';
import type { BagPlacement } from '../encoder/bag-placement.ts';
import { RUNTIME_RULES, Runtime, type RuntimeOptions, runtimeOptions } from '../runtime/runtime.ts';
import { centred, meanRow } from './agreement.ts';
import { type Grouped, grouped } from './grouped.ts';
import { type HandMade, handMadeVectors } from './hand-made/hand-made-vectors.ts';
import type { Labelled } from './knn.ts';
import { type OriginalsFirst, originalsFirst } from './originals-first.ts';
import { type Retrieval, retrieval } from './retrieval.ts';
import { checkSameClasses } from './same-classes.ts';
import { sideBySide } from './side-by-side.ts';
import { whitenedVectors } from './whitened-vectors.ts';

/** What is searched, and by which vectors. Every image must be readable: `readableSet` leaves the others out. */
export interface EvaluateRetrievalOptions extends RuntimeOptions {
  /** The images that are searched. With labels, retrieval is measured. */
  readonly images: ImageSet;
  /** Labelled images that are searched for, of the same classes. Default: each of `images`, left out of its own search. */
  readonly queries?: ImageSet;
  /** Altered copies by name, image i of `images[i]`: how often the original comes first. `alteredSet` makes them. */
  readonly copies?: Readonly<Record<string, ImageSet>>;
  /** Encoders by name, to compare with hand-made vectors; undefined is the one that comes with the package. */
  readonly encoders?: Readonly<Record<string, EncoderSource | undefined>>;
  /** Default: each encoder's own. */
  readonly placement?: BagPlacement;
  /** Workers that cut patches; default 2. 0: the calling thread does it. */
  readonly workers?: number;
  /** Where patches.worker.js is, if not next to this module. */
  readonly workerUrl?: URL | string;
  /** Stops the evaluation with an `aborted` error and frees what it opened. */
  readonly signal?: AbortSignal;
  /** Called with the current task and its progress, 0 to 1. */
  readonly onProgress?: (stage: string, share: number) => void;
}

const RULES: Rules<EvaluateRetrievalOptions> = {
  images: needed(OBJECT),
  queries: OBJECT,
  copies: OBJECT,
  encoders: OBJECT,
  ...RUNTIME_RULES,
  placement: OBJECT,
  workers: whole(0),
  workerUrl: ADDRESS,
  signal: SIGNAL,
  onProgress: FUNCTION,
};

/** What one kind of vector finds. */
export interface RetrievalFound {
  /** Why nothing was measured, such as that all vectors are zero; absent where it was. */
  readonly reason?: string;
  /** Images of the query's class; absent without labels. */
  readonly retrieval?: Retrieval;
  /** The originals of altered copies, by the names of `copies`. */
  readonly originals: Readonly<Record<string, OriginalsFirst>>;
}

/** One kind of vector, as it is and whitened. */
export interface RetrievalRow {
  /** `raw pixels`, `colour`, `HOG`, `HOG + colour`, or an encoder's name. */
  readonly name: string;
  /** Numbers of a vector. */
  readonly width: number;
  /** An encoder's vectors as they are; hand-made ones with the mean of `images` taken off, without which they find less. */
  readonly plain: RetrievalFound;
  /** What `findDuplicates` groups by an encoder's vectors; absent without copies. */
  readonly grouped?: Grouped;
  /** Whitened by the statistics of `images`. */
  readonly whitened: RetrievalFound;
}

/** Of colour beside HOG: what finds most on two sets of photographs. */
const COLOUR_WEIGHT = 0.5;

/** The vectors of each side. */
interface Sides {
  readonly bank: Matrix;
  readonly queries?: Matrix;
  readonly copies: readonly Matrix[];
}

/**
 * How well vectors find images of one class, and the originals of altered copies: of each encoder, beside vectors that need no learning.
 * @throws BagsslError `bad-data` for images that cannot be read, or among which the measures would mean nothing (see `retrieval`);
 * whatever `createEmbedder` throws; `bad-argument`, `aborted`
 */
export async function evaluateRetrieval(options: EvaluateRetrievalOptions): Promise<RetrievalRow[]> {
  checkOptions('evaluateRetrieval', options, RULES);
  const { images, queries, copies = {}, encoders = {}, placement, workers, workerUrl, signal, onProgress } = options;
  const names = Object.keys(copies);
  const sets = [images, ...(queries ? [queries] : []), ...Object.values(copies)];
  for (const set of sets) checkImageSet(set, 'images, queries and copies');
  for (const [name, { length }] of Object.entries(copies))
    given(length === images.length, length, `copies.${name}`, `a set of ${images.length} images, as images is`);
  if (queries && !(queries.labels && images.labels))
    throw new BagsslError('bad-data', 'Queries are searched for by class, so both sides need labels.');
  if (queries) checkSameClasses(images, queries);
  if (!images.labels && names.length === 0)
    throw new BagsslError('bad-data', `"${images.name}" has no labels and there are no copies: nothing to measure.`);
  const total = sets.reduce((sum, { length }) => sum + length, 0);
  const runtime = await Runtime.open(runtimeOptions(options));

  /** The vectors of all sides, one set after the other. */
  async function sidesOf<T>(
    stage: string,
    of: (set: ImageSet, progress: (done: number) => void) => Promise<T>,
  ): Promise<T[]> {
    const found: T[] = [];
    let before = 0;
    for (const set of sets) {
      const start = before;
      found.push(await of(set, (done) => onProgress?.(stage, (start + done) / total)));
      before += set.length;
    }
    return found;
  }
  const sides = ([bank, ...others]: readonly Matrix[]): Sides =>
    queries ? { bank, queries: others[0], copies: others.slice(1) } : { bank, copies: others };
  const all = ({ bank, queries: asked, copies: altered }: Sides) => [bank, ...(asked ? [asked] : []), ...altered];

  async function measured({ bank, queries: asked, copies: altered }: Sides): Promise<RetrievalFound> {
    const labelled = (features: Matrix, { labels }: ImageSet): Labelled => ({ features, labels: labels! });
    const searched = images.labels && labelled(bank, images);
    const originals = Object.fromEntries(names.map((name, i) => [name, originalsFirst(bank, altered[i])]));
    if (!searched) return { originals };
    if (!asked) return { retrieval: await retrieval(searched, { signal }), originals };
    return { retrieval: await retrieval(labelled(asked, queries!), { bank: searched, signal }), originals };
  }
  async function row(name: string, plain: Sides, ofEncoder = false): Promise<RetrievalRow> {
    onProgress?.(`${name}: searching`, 1);
    const [bank, ...others] = all(plain);
    const found = await measured(plain).catch(unmeasurable);
    const copied = Object.fromEntries(names.map((kind, i) => [kind, plain.copies[i]]));
    const white = async () => measured(sides(await whitenedVectors(runtime, bank, others, signal)));
    return {
      ...{ name, width: bank.columns },
      plain: found,
      ...(ofEncoder && names.length > 0 && found.reason === undefined && { grouped: grouped(bank, copied) }),
      whitened: await white().catch(unmeasurable),
    };
  }

  const made = await sidesOf('hand-made vectors', (set, progress) =>
    handMadeVectors(set, { workers, workerUrl, signal, onProgress: progress }),
  );
  const middled = (part: keyof HandMade) => {
    const mean = meanRow(made[0][part]);
    return made.map((one) => centred(one[part], mean));
  };
  const [raw, colour, gradients] = [middled('raw'), middled('colour'), middled('hog')];
  const rows = [
    await row('raw pixels', sides(raw)),
    await row('colour', sides(colour)),
    await row('HOG', sides(gradients)),
    await row('HOG + colour', sides(gradients.map((one, i) => sideBySide(one, colour[i], COLOUR_WEIGHT)))),
  ];
  for (const [name, encoder] of Object.entries(encoders)) {
    const embedder = await createEmbedder({ ...runtimeOptions(options), workers, workerUrl, encoder });
    try {
      // One whose layout sees whole images places no patches.
      const places = placement && !('layout' in embedder.encoder && seesWhole(embedder.encoder.layout));
      const vectors = await sidesOf(`${name}: embedding`, (set, progress) =>
        embedder.matrix(set, { ...(places && { placement }), signal, onProgress: progress }),
      );
      rows.push(await row(name, sides(vectors), true));
    } finally {
      await embedder.dispose();
    }
  }
  const found = rows.flatMap(({ plain, whitened }) => [plain, whitened]);
  if (found.every(({ reason }) => reason !== undefined)) throw new BagsslError('bad-data', found[0].reason!);
  return rows;
}

/** Vectors of one kind may all be the same where others are not, as gradients of plain colours are. */
function unmeasurable(error: unknown): RetrievalFound {
  if (!(error instanceof BagsslError) || error.code !== 'bad-data') throw error;
  return { reason: error.message, originals: {} };
}
