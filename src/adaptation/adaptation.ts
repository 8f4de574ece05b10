import { createEmbedder } from '../bag/create-embedder.ts';
import type { CreateEmbedderOptions } from '../bag/embedder-options.ts';
import { type Matrix, row } from '../base/matrix.ts';
import { ADDRESS, FUNCTION, needed, OBJECT, type Rules, SIGNAL, whole } from '../base/options.ts';
import { Stream } from '../base/random.ts';
import { checkImageSet, type ImageSet } from '../data/image-set.ts';
import { readableSet } from '../data/readable-set.ts';
import { subsetOf } from '../data/subset.ts';
import type { PatchEncoder } from '../encoder/patch-encoder.ts';
import { centred, meanRow } from '../evaluation/agreement.ts';
import { alteredSet } from '../evaluation/altered-set.ts';
import type { OnnxEncoder } from '../onnx-encoder/onnx-encoder.ts';
import { RUNTIME_RULES, Runtime, type RuntimeOptions, runtimeOptions } from '../runtime/runtime.ts';
import { neighbourMap } from './neighbour-map.ts';
import { type Steadiness, steadiness } from './steadiness.ts';

/** From which images something is learnt, and how. */
export interface LearningOptions extends RuntimeOptions {
  /** The images, without labels; of more than 2,000, that many at random. */
  readonly images: ImageSet;
  /** Of what is drawn at random; default 0. */
  readonly seed?: number;
  /** Workers that cut patches; default 2. 0: the calling thread does it. */
  readonly workers?: number;
  /** Where patches.worker.js is, if not next to this module. */
  readonly workerUrl?: URL | string;
  /** Stops with an `aborted` error and frees what was opened. */
  readonly signal?: AbortSignal;
  /** Called with the current task and its progress, 0 to 1. */
  readonly onProgress?: (stage: string, share: number) => void;
}

export const LEARNING_RULES: Rules<LearningOptions> = {
  images: needed(OBJECT),
  seed: whole(0),
  ...RUNTIME_RULES,
  workers: whole(0, 256),
  workerUrl: ADDRESS,
  signal: SIGNAL,
  onProgress: FUNCTION,
};

/** What an encoder has learnt from images. */
export interface Adaptation<E extends PatchEncoder | OnnxEncoder = PatchEncoder> {
  /** The encoder that learnt; where it gained nothing, the one it started from. */
  readonly encoder: E;
  /** The encoder it started from. */
  readonly from: E;
  /** Whether it gained, on images that it had not learnt from. */
  readonly gained: boolean;
  /** The images that could be read and were learnt from. */
  readonly images: number;
  /** How steady the encoder was before, on the half of the images that was kept apart to measure; absent for too few images. */
  readonly before?: Steadiness;
  /** The same after learning from the other half. */
  readonly after?: Steadiness;
  /** Why nothing was learnt, as a sentence. */
  readonly reason?: string;
}

/** Fewer images say too little about their collection. */
const LEAST = 40;
const MOST = 2000;
/** Added to the seed of the altered copies that are learnt from: others than those that `evaluate --duplicates` measures with. */
const COPIES = 2 ** 40;

/** How an encoder of one kind learns. */
interface Learner<E> {
  /** Refuses an encoder that cannot. */
  check(encoder: PatchEncoder | OnnxEncoder): E;
  /** The encoder whose vectors are v ↦ (v − mean)·map. */
  mapped(runtime: Runtime, encoder: E, mean: Float32Array, map: Float32Array): Promise<E>;
}

/** Learns a linear map of an encoder's vectors, and keeps it where vectors of images that it has not seen become steadier by it. */
export async function adaptation<E extends PatchEncoder | OnnxEncoder>(
  options: LearningOptions & Pick<CreateEmbedderOptions, 'encoder' | 'onnx' | 'onWarning'>,
  { check, mapped: withMap }: Learner<E>,
): Promise<Adaptation<E>> {
  const { workers, workerUrl, signal, seed = 0, onProgress, onnx } = options;
  checkImageSet(options.images, 'images');
  const embedder = await createEmbedder({
    ...runtimeOptions(options),
    ...{ workers, workerUrl, encoder: options.encoder, signal, ...(onnx && { onnx }) },
  });
  const stage = (name: string) => (done: number, total: number) => onProgress?.(name, done / total);
  let encoder: E;
  let vectors: Matrix;
  let copies: Matrix;
  try {
    encoder = check(embedder.encoder);
    const order = new Stream(seed, 'adapted images').permutation(options.images.length).slice(0, MOST);
    const some =
      order.length < options.images.length
        ? subsetOf(
            options.images,
            [...order].sort((a, b) => a - b),
          )
        : options.images;
    const images = await readableSet(some, { signal, onProgress: stage('reading images') });
    if (images.length < LEAST) {
      return unchanged(
        encoder,
        images.length,
        `${images.length} images are too few to learn from; at least ${LEAST} are needed.`,
      );
    }
    vectors = await embedder.matrix(images, { signal, onProgress: stage('embedding images') });
    const altered = alteredSet(images, 'strong', { seed: (COPIES + seed) % Number.MAX_SAFE_INTEGER });
    copies = await embedder.matrix(altered, { signal, onProgress: stage('embedding altered copies') });
  } finally {
    await embedder.dispose();
  }
  if (isOneVector(vectors)) {
    return unchanged(encoder, vectors.rows, 'All images have the same vector, so there is nothing to learn.');
  }
  const runtime = await Runtime.open(runtimeOptions(options));
  const learnt = async (from: Matrix, altered: Matrix) => {
    const mean = meanRow(from);
    return { mean, map: await neighbourMap(runtime, centred(from, mean), centred(altered, mean), signal) };
  };
  const halves = new Stream(seed, 'adapted halves').permutation(vectors.rows);
  const [learning, measuring] = [halves.slice(0, halves.length >> 1), halves.slice(halves.length >> 1)];
  if ([learning, measuring].some((half) => isOneVector(rowsOf(vectors, half)))) {
    return unchanged(encoder, vectors.rows, 'Most images have the same vector, so there is too little to learn from.');
  }
  onProgress?.('learning', 0);
  const trial = await learnt(rowsOf(vectors, learning), rowsOf(copies, learning));
  const [own, changed] = [rowsOf(vectors, measuring), rowsOf(copies, measuring)];
  const before = steadiness(own, changed);
  const after = steadiness(mapped(own, trial), mapped(changed, trial));
  if (after.score <= before.score) {
    const reason = `It gained nothing: ${describe(before)} before, ${describe(after)} after.`;
    return { ...unchanged(encoder, vectors.rows, reason), before, after };
  }
  onProgress?.('learning', 0.5);
  const { mean, map } = await learnt(vectors, copies);
  const adapted = await withMap(runtime, encoder, mean, map);
  onProgress?.('learning', 1);
  return { encoder: adapted, from: encoder, gained: true, images: vectors.rows, before, after };
}

const unchanged = <E extends PatchEncoder | OnnxEncoder>(
  encoder: E,
  images: number,
  reason: string,
): Adaptation<E> => ({
  ...{ encoder, from: encoder, gained: false, images, reason },
});

const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
const describe = ({ neighbours, originals }: Steadiness) =>
  `${percent(neighbours)} of neighbours and ${percent(originals)} of originals were found again from altered copies`;

const isOneVector = (vectors: Matrix) =>
  new Set(vectors.data).size < 2 || meanSquare(centred(vectors, meanRow(vectors))) < 1e-12;

const meanSquare = ({ data }: Matrix) => data.reduce((sum, value) => sum + value * value, 0) / data.length;

function rowsOf(matrix: Matrix, rows: Uint32Array): Matrix {
  const data = new Float32Array(rows.length * matrix.columns);
  rows.forEach((index, to) => {
    data.set(row(matrix, index), to * matrix.columns);
  });
  return { data, rows: rows.length, columns: matrix.columns };
}

function mapped(matrix: Matrix, { mean, map }: { readonly mean: Float32Array; readonly map: Float32Array }): Matrix {
  const d = matrix.columns;
  const x = centred(matrix, mean);
  const data = new Float32Array(x.data.length);
  for (let r = 0; r < x.rows; r++) {
    const to = data.subarray(r * d, (r + 1) * d);
    row(x, r).forEach((value, i) => {
      for (let j = 0; j < d; j++) to[j] += value * map[i * d + j];
    });
  }
  return { ...x, data };
}
