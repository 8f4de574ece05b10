import type { ImageSet } from '../../src/data.ts';
import type { BagPlacement, Matrix, OnnxEncoder } from '../../src/embed.ts';
import { KNN_PROTOCOLS, knnAccuracies, type Labelled, linearProbe } from '../../src/evaluate.ts';
import { createEmbedder, type Embedder } from '../../src/index.ts';
import { inTurn, subset } from '../report/in-turn.ts';
import { EPOCHS } from './accuracy.ts';
import { type Findings, points } from './findings.ts';
import { type Setting, seconds } from './setting.ts';

/** Each is embedded once; what is compared is made of them. */
const PARTS = {
  whole: { kind: 'whole' },
  quarter: { kind: 'grid', across: 3, scales: [0.25] },
  half: { kind: 'grid', across: 2, scales: [0.5] },
} as const satisfies Record<string, BagPlacement>;
type Part = keyof typeof PARTS;
const PATCHES: Readonly<Record<Part, number>> = { whole: 1, quarter: 9, half: 4 };
const NAMES = Object.keys(PARTS) as Part[];

/** What represents an image. */
interface Kind {
  readonly name: string;
  /** Parts whose patches are averaged. */
  readonly parts: readonly Part[];
  /** The whole image's vector follows as more numbers. */
  readonly beside?: boolean;
}

const CENTRE: Kind = { name: 'centre crop', parts: ['whole'] };
const BAGS: readonly Kind[] = [
  { name: 'bag of 9 patches of a quarter', parts: ['quarter'] },
  { name: 'bag of 4 patches of half', parts: ['half'] },
  { name: 'bag of both scales', parts: ['quarter', 'half'] },
  { name: 'bag of both scales and the whole image', parts: NAMES },
  { name: 'bag of both scales, the whole image beside it', parts: ['quarter', 'half'], beside: true },
];

/** Accuracies of one kind. */
export interface EncoderReading extends Kind {
  readonly linear: number;
  readonly knnK200: number;
  readonly knnK20: number;
}

/** C6 for an encoder that others have trained: its centre crop against bags of patches, with the same weights. */
export async function reproduceC6With(
  setting: Setting,
  encoder: OnnxEncoder,
  budget: number,
  seed: number,
): Promise<Findings> {
  const { engine, train, test, progress, signal } = setting;
  await using embedder = await createEmbedder({ ...engine, encoder });
  const few = subset(train, inTurn(train, 4));
  await embedded(embedder, subset(few, [0]), setting);
  const perImage = (await seconds(() => embedded(embedder, few, setting))) / few.length;
  const images = Math.max(100, Math.floor(budget / perImage));
  const counts = [Math.min(train.length, Math.floor(0.7 * images)), Math.min(test.length, Math.floor(0.3 * images))];
  const sides = [train, test].map((set, side) => subset(set, inTurn(set, counts[side])));
  const parts: Record<Part, Matrix>[] = [];
  for (const [side, set] of sides.entries()) {
    const before = side * sides[0].length;
    const total = sides[0].length + sides[1].length;
    const told = (share: number) =>
      progress.show((before + share * set.length) / total, `C6: ${side ? 'test' : 'labelled'} images`);
    parts.push(await embedded(embedder, set, setting, told));
  }
  const readings: EncoderReading[] = [];
  for (const [k, kind] of [CENTRE, ...BAGS].entries()) {
    progress.show(k / (1 + BAGS.length), `C6: accuracy of the ${kind.name}`);
    const pair = sides.map((set, side) => ({ features: joined(parts[side], kind), labels: set.labels! }));
    const [labelled, tested] = pair as [Labelled, Labelled];
    const linear = await linearProbe(setting.runtime, labelled, tested, { epochs: EPOCHS, seed, signal });
    readings.push({ ...kind, linear, ...(await knnAccuracies(setting.runtime, labelled, tested, KNN_PROTOCOLS)) });
  }
  return findingsOfEncoder(readings, encoder.name, sides[0].length, sides[1].length);
}

/** Every part of every image. */
async function embedded(
  embedder: Embedder,
  images: ImageSet,
  { signal }: Setting,
  told: (share: number) => void = () => {},
): Promise<Record<Part, Matrix>> {
  const found: Partial<Record<Part, Matrix>> = {};
  let done = 0;
  const runs = NAMES.reduce((sum, name) => sum + PATCHES[name], 0);
  for (const name of NAMES) {
    const onProgress = (k: number, total: number) => told((done + (PATCHES[name] * k) / total) / runs);
    found[name] = await embedder.matrix(images, { placement: PARTS[name], signal, onProgress });
    done += PATCHES[name];
  }
  return found as Record<Part, Matrix>;
}

/** The vectors of a kind: means over patches, with the whole image's vector after them where it is beside. */
function joined(parts: Readonly<Record<Part, Matrix>>, { parts: names, beside }: Kind): Matrix {
  const { rows, columns: width } = parts.whole;
  const patches = names.reduce((sum, name) => sum + PATCHES[name], 0);
  const columns = beside ? 2 * width : width;
  const data = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (const name of names) {
      const { data: own } = parts[name];
      const share = PATCHES[name] / patches;
      for (let i = 0; i < width; i++) data[row * columns + i] += share * own[row * width + i];
    }
    if (beside) data.set(parts.whole.data.subarray(row * width, (row + 1) * width), row * columns + width);
  }
  return { data, rows, columns };
}

/** The verdict and the table. The first reading is the centre crop's. */
export function findingsOfEncoder(
  [centre, ...bags]: readonly EncoderReading[],
  encoder: string,
  labelled: number,
  tested: number,
): Findings {
  const signed = (by: number) => `${by < 0 ? '−' : '+'}${Math.abs(100 * by).toFixed(1)} points`;
  const good = bags.filter(({ linear }) => linear > centre.linear).length;
  // Two standard errors of one such share.
  const doubt = 2 * Math.sqrt((centre.linear * (1 - centre.linear)) / tested);
  const gains = bags.map(({ name, linear }) => `${name} ${points(linear)} (${signed(linear - centre.linear)})`);
  const note = `${encoder} as it is, ${labelled} labelled and ${tested} test images. A share of the test images is uncertain by ${(100 * doubt).toFixed(1)} points (two standard errors).`;
  return {
    verdicts: [
      {
        claim: 'C6',
        statement: `Averaging patches improves an encoder that was trained on whole images (${encoder})`,
        verdict: good === bags.length ? 'reproduced' : good > 0 ? 'in part' : 'not reproduced',
        why: `Same weights, linear: centre crop ${points(centre.linear)}; ${gains.join('; ')}. ${note}`,
      },
    ],
    tables: [
      {
        id: 'c6-encoder',
        title: `C6: ${encoder}, centre crop against bags`,
        columns: ['image is', 'patches', 'linear', 'kNN k=200', 'kNN k=20'],
        rows: [centre, ...bags].map(({ name, parts, beside, linear, knnK200, knnK20 }) => [
          name,
          parts.reduce((sum, part) => sum + PATCHES[part], 0) + (beside ? 1 : 0),
          linear,
          knnK200,
          knnK20,
        ]),
        note,
      },
    ],
    figures: [],
  };
}
