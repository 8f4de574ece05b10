import type { ImageSet } from '../../src/data.ts';
import type { Feature, Matrix, PatchBox } from '../../src/embed.ts';
import { agreement, centred, locality, meanRow } from '../../src/evaluate.ts';
import { type Bag, cosine } from '../../src/index.ts';
import { type PatchParameters, PatchPool, type Placement, withoutAugmentation } from '../../src/patches.ts';
import { embedderOf } from './embedder-of.ts';
import { spreadOf } from './findings.ts';
import { patchesAsImages } from './photographs.ts';
import type { Setting } from './setting.ts';
import type { Trained } from './train-all.ts';

export const SPACES = ['embedding', 'projection'] as const satisfies readonly Feature[];
export type Space = (typeof SPACES)[number];

/** What one space shows of the photographs. */
export interface SpaceView {
  readonly trained: Trained;
  readonly space: Space;
  /** The centred vectors of every patch, photograph by photograph. */
  readonly vectors: Matrix;
  readonly boxes: readonly (readonly PatchBox[])[];
  readonly figures: SpaceFigures;
}

/** From raw cosines, and from centred ones, where the mean vector of all patches is subtracted first. */
export interface SpaceFigures {
  readonly locality: Both;
  readonly flip: Both;
  readonly colour: Both;
  /** The share of all mass within one patch of the query in a flat map. */
  readonly flat: number;
}
export interface Both {
  readonly raw: number;
  readonly centred: number;
}

/** How a patch is changed to measure invariance: mirrored, recoloured as strongly as training ever does, and grey. */
const CHANGES: readonly Partial<PatchParameters>[] = [
  {},
  { flip: true },
  { brightness: 1.3, contrast: 0.8, saturation: 1.3, hue: 0.1 },
  { greyscale: true },
];

const UNCHANGED: Omit<PatchParameters, keyof PatchBox> = {
  ...{ flip: false, greyscale: false, brightness: 1, contrast: 1, saturation: 1, hue: 0 },
  order: ['brightness', 'contrast', 'saturation', 'hue'],
};

/** The maps' patches: a fifth of a photograph's side, a quarter of a patch apart. */
export const MAP_PLACEMENT: Placement = { kind: 'grid', across: 17, scales: [1 / 25] };

/** The queries: 3 × 3 evenly spread places, none at the border. */
export function queriesOf(positions: number): number[] {
  const across = Math.round(Math.sqrt(positions));
  const places = [1, 2, 3].map((k) => Math.round((k * (across - 1)) / 4));
  return places.flatMap((y) => places.map((x) => y * across + x));
}

/** Embeds all patches of all photographs in one space and measures locality and invariance. */
export async function viewSpace(
  setting: Setting,
  trained: Trained,
  space: Space,
  images: ImageSet,
): Promise<SpaceView> {
  const { progress, signal, engine } = setting;
  await using embedder = await embedderOf(setting, trained, space);
  const bags: Bag[] = [];
  for await (const bag of embedder.bags(images, { placement: MAP_PLACEMENT, keepPatches: true, signal })) {
    bags.push(bag);
    progress.show(bag.index / images.length, `similarity maps, ${trained.subject.name}, ${space}`);
  }
  const boxes = bags.map(({ patches }) => patches!.boxes);
  const raw = stacked(bags.map(({ patches }) => patches!.vectors));
  const mean = meanRow(raw);
  const vectors = centred(raw, mean);

  const pool = await PatchPool.create({ workers: engine.workers ?? 2 });
  let changed: Matrix;
  try {
    const recipe = withoutAugmentation(trained.config.recipe);
    const given = boxes.map((own) =>
      queriesOf(own.length).flatMap((q) => CHANGES.map((change) => ({ ...own[q], ...UNCHANGED, ...change }))),
    );
    const pixels = await Promise.all(bags.map(({ index }) => images.image(index)));
    const batch = await pool.cut({
      recipe,
      images: pixels.map((image, id) => ({ id, pixels: image })),
      source: { kind: 'given', patches: given },
    });
    const whole: Placement = { kind: 'grid', across: 1, scales: [1] };
    changed = await embedder.matrix(patchesAsImages(batch, recipe), { placement: whole, signal });
  } finally {
    await pool.dispose();
  }
  const both = (of: (matrix: (m: Matrix) => Matrix) => number): Both => ({
    raw: of((m) => m),
    centred: of((m) => centred(m, mean)),
  });
  const invariance = (kinds: readonly number[]) =>
    both((as) => spreadOf(kinds.map((k) => agreement(as(every(changed, 0)), as(every(changed, k))))).mean);
  const localities = (matrix: Matrix) => meanLocality(matrix, boxes);
  const flat = { data: new Float32Array(raw.rows).fill(1), rows: raw.rows, columns: 1 };
  return {
    trained,
    space,
    vectors,
    boxes,
    figures: {
      locality: { raw: localities(raw), centred: localities(vectors) },
      flip: invariance([1]),
      colour: invariance([2, 3]),
      flat: localities(flat),
    },
  };
}

/** The rows of one kind of change, a row for each patch. */
function every({ data, rows, columns }: Matrix, kind: number): Matrix {
  const count = rows / CHANGES.length;
  const out = new Float32Array(count * columns);
  for (let i = 0; i < count; i++) {
    const from = (i * CHANGES.length + kind) * columns;
    out.set(data.subarray(from, from + columns), i * columns);
  }
  return { data: out, rows: count, columns };
}

/** The rows of all matrices in one. */
function stacked(parts: readonly Matrix[]): Matrix {
  const [{ columns }] = parts;
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const data = new Float32Array(rows * columns);
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return { data, rows, columns };
}

/** Cosines of all patches of photograph `image` with patch `query` of photograph `from`. */
export function similarityMap(vectors: Matrix, boxes: SpaceView['boxes'], from: number, query: number, image: number) {
  const start = (photo: number) => boxes.slice(0, photo).reduce((sum, own) => sum + own.length, 0);
  const row = (at: number) => vectors.data.subarray(at * vectors.columns, (at + 1) * vectors.columns);
  const one = row(start(from) + query);
  const first = start(image);
  return Float64Array.from(boxes[image], (_, i) => cosine(one, row(first + i)));
}

function meanLocality(vectors: Matrix, boxes: SpaceView['boxes']): number {
  const found = boxes.flatMap((own, photo) =>
    queriesOf(own.length).map((query) => locality(similarityMap(vectors, boxes, photo, query, photo), own, query)),
  );
  return spreadOf(found).mean;
}
