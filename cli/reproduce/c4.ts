import type { ImageSet } from '../../src/data.ts';
import { cosine } from '../../src/index.ts';
import type { Placement } from '../../src/patches.ts';
import { inTurn, subset } from '../report/in-turn.ts';
import { plot } from '../report/plot.ts';
import { embedderOf } from './embedder-of.ts';
import { type Findings, type Spread, spreadOf } from './findings.ts';
import type { Setting } from './setting.ts';
import { seconds } from './setting.ts';
import type { Trained } from './train-all.ts';

/** Patch sizes, as shares of the image's area. */
const SCALES = [0.08, 0.25, 0.5] as const;
/** Images that the claim asks for. */
const IMAGES = 1000;
const BRINK = 0.9;

interface Curve {
  readonly scale: number;
  readonly counts: readonly number[];
  /** Cosine with the embedding of the whole image at each count, and with that of another image. */
  readonly own: readonly Spread[];
  readonly other: readonly Spread[];
}

/** 1, 2, 4 … and all. */
const doubling = (most: number): number[] => [
  ...Array.from({ length: Math.ceil(Math.log2(most)) }, (_, i) => 2 ** i),
  most,
];

/** C4: the average of N patches against the embedding of the whole image, for a multi-scale encoder. */
export async function reproduceC4(setting: Setting, trained: Trained, budget: number, made: string): Promise<Findings> {
  const { test, progress, signal } = setting;
  await using embedder = await embedderOf(setting, trained, 'embedding');
  const placement = (scale: number, stride: number): Placement => ({ kind: 'all', stride, scales: [scale] });
  const measure = async (images: ImageSet, stride: number) => {
    const curves: Curve[] = [];
    for (const scale of SCALES) {
      let counts: number[] = [];
      const own: number[][] = [];
      const other: number[][] = [];
      const note = (list: number[][], k: number, value: number) => {
        list[k] ??= [];
        list[k].push(value);
      };
      const options = { placement: placement(scale, stride), keepPatches: true, whole: true, signal };
      let before: Float32Array | undefined;
      for await (const { index, patches, count, whole } of embedder.bags(images, options)) {
        if (index === 0) counts = doubling(count);
        const sum = new Float64Array(embedder.width);
        const order = shuffled(count, index);
        let taken = 0;
        for (const [k, n] of counts.entries()) {
          for (; taken < Math.min(n, count); taken++) {
            const { data, columns } = patches!.vectors;
            for (let i = 0; i < columns; i++) sum[i] += data[order[taken] * columns + i];
          }
          // The cosine of the sum is that of the mean.
          note(own, k, cosine(sum, whole!));
          if (before) note(other, k, cosine(sum, before));
        }
        before = whole;
        progress.show(index / images.length, `C4: patches of ${scale}, image ${index}`);
      }
      curves.push({ scale, counts, own: own.map(spreadOf), other: other.map(spreadOf) });
    }
    return curves;
  };
  const few = subset(test, inTurn(test, 12));
  await measure(few, 4);
  let stride = 2;
  let perImage = (await seconds(() => measure(few, stride))) / few.length;
  if (perImage * IMAGES > budget) {
    stride = 4;
    perImage = (await seconds(() => measure(few, stride))) / few.length;
  }
  const count = Math.min(test.length, IMAGES, Math.max(20, Math.floor(budget / perImage)));
  const curves = await measure(subset(test, inTurn(test, count)), stride);
  return findings(curves, count, stride, made);
}

/** A permutation, another one for each image. */
function shuffled(length: number, seed: number): number[] {
  let state = (seed * 2654435761 + 12345) >>> 0;
  const order = Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = Math.floor(((state >>> 8) / 2 ** 24) * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

function findings(curves: readonly Curve[], count: number, stride: number, made: string): Findings {
  const ends = curves.map(({ scale, own, other, counts }) => ({
    scale,
    all: counts[counts.length - 1],
    end: own[own.length - 1],
    other: other[other.length - 1],
    // A fall of up to a thousandth is noise.
    rising: own.every(({ mean }, i) => i === 0 || mean > own[i - 1].mean - 1e-3),
  }));
  const rising = ends.every((one) => one.rising);
  const passing = ends.filter(({ end }) => end.mean > BRINK);
  const note = `Backbone embedding; ${count} test images${count < IMAGES ? `, of the ${IMAGES} the claim asks for: there was no time for more, or there are no more` : ''}; positions ${stride} px apart, drawn without replacement; the whole image is the encoder's ordinary input; bars: one standard deviation over images. Dashed: against the whole of another image, which shows how much of the cosine all images share. ${made}`;
  return {
    verdicts: [
      {
        claim: 'C4',
        statement:
          'In a multi-scale model, the average of patches approaches the whole-image embedding: the cosine rises with N and passes 0.9',
        verdict:
          rising && passing.length === ends.length
            ? 'reproduced'
            : rising || passing.length > 0
              ? 'in part'
              : 'not reproduced',
        why: `${ends.map(({ scale, all, end, other, rising: up }) => `Patches of ${scale}: ${up ? 'rises' : 'does not rise throughout'} to ${end.mean.toFixed(3)} ± ${end.deviation?.toFixed(3)} for all ${all} (with another image's whole: ${other.mean.toFixed(3)})`).join('; ')}. ${passing.length} of ${ends.length} patch sizes pass ${BRINK}.`,
      },
    ],
    tables: [
      {
        id: 'c4',
        title: 'C4: cosine of the average of N patches with the whole-image embedding',
        columns: ['scale', 'N', 'cosine', '±', 'with another image', '±'],
        rows: curves.flatMap(({ scale, counts, own, other }) =>
          counts.map((n, k) => [scale, n, own[k].mean, own[k].deviation, other[k].mean, other[k].deviation]),
        ),
        note,
      },
    ],
    figures: [
      {
        id: 'c4',
        caption: note,
        file: true,
        body: plot({
          title: 'C4: cosine of the average of N patches with the whole image',
          x: {
            name: 'patches averaged',
            log: true,
            ticks: [...new Set(curves.flatMap(({ counts }) => counts.slice(0, -1)))]
              .sort((a, b) => a - b)
              .map((n): [number, string] => [n, String(n)]),
          },
          y: { name: 'cosine' },
          series: curves.flatMap(({ scale, counts, own, other }) => [
            {
              name: `patches of ${scale}`,
              points: counts.map((x, k) => ({ x, y: own[k].mean, spread: own[k].deviation })),
            },
            { name: `${scale}, another image`, dashed: true, points: counts.map((x, k) => ({ x, y: other[k].mean })) },
          ]),
          rules: [{ value: BRINK, name: String(BRINK) }],
        }),
      },
    ],
  };
}
