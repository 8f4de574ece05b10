import { plot, type Series } from '../report/plot.ts';
import { type AccuracyPlan, COUNTS, EPOCHS, type Reading } from './accuracy.ts';
import { type Findings, points, type Spread, spreadOf, type Verdict, withSpread } from './findings.ts';
import { FIXED, MULTI_CROP, MULTI_CROP_BAGS, type Subject } from './subjects.ts';

type Measure = 'linear' | 'knn_k200' | 'knn_k20';
const MEASURES: readonly (readonly [Measure, string])[] = [
  ['linear', 'linear'],
  ['knn_k200', 'kNN k=200'],
  ['knn_k20', 'kNN k=20'],
];

/** Readings that differ in their seed alone. */
interface Row extends Omit<Reading, 'seed' | Measure> {
  readonly seeds: number;
  readonly values: Readonly<Record<Measure, Spread>>;
  readonly each: Readonly<Record<Measure, readonly number[]>>;
}

function grouped(readings: readonly Reading[]): Row[] {
  const groups = new Map<string, Reading[]>();
  for (const reading of readings) {
    const { subject, kind, scale, size, patches, all } = reading;
    const key = [subject, kind, scale, size, patches, all].join();
    groups.set(key, [...(groups.get(key) ?? []), reading]);
  }
  return [...groups.values()].map((group) => {
    const { seed: _, linear: _l, knn_k200: _k, knn_k20: _k2, ...what } = group[0];
    const each = Object.fromEntries(MEASURES.map(([m]) => [m, group.map((r) => r[m])])) as unknown as Row['each'];
    const values = Object.fromEntries(MEASURES.map(([m]) => [m, spreadOf(each[m])])) as unknown as Row['values'];
    return { ...what, seeds: group.length, values, each };
  });
}

const nameOf = (id: string): string => [...FIXED, MULTI_CROP].find((subject) => subject.id === id)?.name ?? id;

const bagName = ({ subject, scale }: Pick<Row, 'subject' | 'scale'>): string =>
  subject === MULTI_CROP.id ? `multi-crop, bag of ${scale}` : nameOf(subject);

const best = (rows: readonly Row[], measure: Measure): Row | undefined =>
  rows.reduce<Row | undefined>(
    (top, row) => (!top || row.values[measure].mean > top.values[measure].mean ? row : top),
    undefined,
  );

/** The mean difference of two rows, seed by seed, which share their images. */
const gain = (a: Row, b: Row, measure: Measure): Spread =>
  spreadOf(a.each[measure].map((v, i) => v - b.each[measure][i]));

const signed = ({ mean, deviation }: Spread): string =>
  `${mean >= 0 ? '+' : '−'}${Math.abs(100 * mean).toFixed(1)}${deviation === undefined ? '' : ` ± ${(100 * deviation).toFixed(1)}`} points`;

/** C2: accuracy against the number of patches; C6: the baseline's bag against its centre crop. */
export function findingsOfAccuracy(
  readings: readonly Reading[],
  { labelled, tested, stride }: AccuracyPlan,
  asked: { readonly c2: boolean; readonly c6: boolean },
  made: string,
): Findings {
  const rows = grouped(readings);
  const seeds = rows[0].seeds;
  // Two standard errors of one such share, measured on one test set.
  const { mean } = rows[0].values.linear;
  const doubt = 2 * Math.sqrt((mean * (1 - mean)) / (tested * seeds));
  const few = seeds < 3 ? ` Only ${seeds} seed${seeds === 1 ? '' : 's'}; the experiment asks for three.` : '';
  const note = `${labelled} labelled and ${tested} test images per seed, different ones for every seed while there are enough; positions ${stride} px apart; feature preFeature; linear probe of ${EPOCHS} epochs; mean ± standard deviation over ${seeds} seed${seeds === 1 ? '' : 's'}; sampling of test images alone: ±${(100 * doubt).toFixed(1)} points.${few} ${made}`;
  const verdicts = [...(asked.c2 ? [c2(rows)] : []), ...(asked.c6 ? [c6(rows)] : [])];
  return {
    verdicts,
    tables: [
      {
        id: 'accuracy',
        title: 'C2, C6: accuracy against the number of patches',
        columns: [
          'encoder',
          'image is',
          'scale',
          'input px',
          'patches',
          ...MEASURES.flatMap(([, name]) => [name, '±']),
          'seeds',
        ],
        rows: rows.map((row) => [
          nameOf(row.subject),
          row.kind,
          row.scale,
          row.size,
          row.all ? `all ${row.patches}` : row.patches,
          ...MEASURES.flatMap(([m]) => [row.values[m].mean, row.values[m].deviation]),
          row.seeds,
        ]),
        note,
      },
    ],
    figures: [
      ...(asked.c2
        ? MEASURES.map(([measure, name]) => ({
            id: `c2-${measure.replace('_', '-')}`,
            caption: note,
            file: true,
            body: drawing(
              `C2: ${name} accuracy against the number of patches`,
              rows,
              measure,
              [...FIXED, MULTI_CROP],
              [MULTI_CROP_BAGS[0]],
            ),
          }))
        : []),
      ...(asked.c6
        ? [
            {
              id: 'c6',
              caption: note,
              file: true,
              body: drawing(
                'C6: multi-crop encoder, bag against centre crop, linear',
                rows,
                'linear',
                [MULTI_CROP],
                MULTI_CROP_BAGS,
              ),
            },
          ]
        : []),
    ],
  };
}

function drawing(
  title: string,
  rows: readonly Row[],
  measure: Measure,
  subjects: readonly Subject[],
  bags: readonly number[],
) {
  const series: Series[] = [];
  for (const subject of subjects) {
    for (const scale of subject.scale === undefined ? bags : [subject.scale]) {
      const own = rows.filter((row) => row.kind === 'bag' && row.subject === subject.id && row.scale === scale);
      if (own.length === 0) continue;
      // All positions are drawn at one place at the end, because their number differs with the scale.
      const at = (row: Row) => (row.all ? ALL : row.patches);
      const spots = own.map((row) => ({
        x: at(row),
        y: row.values[measure].mean,
        spread: row.values[measure].deviation,
      }));
      series.push({ name: bagName(own[0]), points: spots, dashed: subject === MULTI_CROP });
    }
  }
  const centres = rows.filter((row) => row.kind === 'centre crop');
  return plot({
    title,
    x: {
      name: 'patches averaged',
      log: true,
      ticks: [...COUNTS.map((n): [number, string] => [n, String(n)]), [ALL, 'all']],
    },
    y: { name: 'accuracy, %', percent: true },
    series,
    rules: centres.map((row) => ({ value: row.values[measure].mean, name: `multi-crop, centre crop ${row.size} px` })),
  });
}

/** Where "all" is on the axis: one step beyond the largest bag. */
const ALL = 320;

function c2(rows: readonly Row[]): Verdict {
  const bags = rows.filter((row) => row.kind === 'bag' && row.subject !== MULTI_CROP.id);
  const centre = best(
    rows.filter((row) => row.kind === 'centre crop'),
    'linear',
  )!;
  const all = best(
    bags.filter((row) => row.all),
    'linear',
  )!;
  // At each scale: from one patch to all of them, without a clear fall in between.
  const rises = FIXED.flatMap(({ id, name }) => {
    const own = bags.filter((row) => row.subject === id);
    const [one, last] = [own.find((row) => row.patches === 1)!, own.find((row) => row.all)!];
    const steps = own.slice(1).map((row, i) => row.values.linear.mean - own[i].values.linear.mean);
    return [{ name, up: gain(last, one, 'linear'), falls: steps.filter((step) => step < -0.02).length }];
  });
  const rising = rises.every(({ up, falls }) => up.mean > 0 && falls === 0);
  const over = gain(all, centre, 'linear');
  const overNearest = gain(
    all,
    best(
      rows.filter((row) => row.kind === 'centre crop'),
      'knn_k200',
    )!,
    'knn_k200',
  );
  const level = over.mean >= -0.01;
  const mixed = best(
    rows.filter((row) => row.kind === 'bag' && row.subject === MULTI_CROP.id),
    'linear',
  )!;
  return {
    claim: 'C2',
    statement:
      'Training on fixed-scale patches and averaging equals or beats the multi-crop baseline, and more patches are better',
    verdict: rising && level ? 'reproduced' : rising || level ? 'in part' : 'not reproduced',
    why: `From 1 patch to all, linear: ${rises.map(({ name, up, falls }) => `${name} ${signed(up)}${falls ? `, falling by more than 2 points at ${falls} of the steps` : ''}`).join('; ')}. The best fixed-scale bag of all positions (${nameOf(all.subject)}) reaches ${withSpread(all.values.linear)}, the baseline's better centre crop (${centre.size} px) ${withSpread(centre.values.linear)}: ${signed(over)} linear, ${signed(overNearest)} kNN k=200. The baseline's own best bag reaches ${withSpread(mixed.values.linear)}, so the fixed-scale bag is ${signed(gain(all, mixed, 'linear'))} from it. Equal means at most 1 point below.`,
  };
}

function c6(rows: readonly Row[]): Verdict {
  const own = rows.filter((row) => row.subject === MULTI_CROP.id);
  const centre = best(
    own.filter((row) => row.kind === 'centre crop'),
    'linear',
  )!;
  const bags = own.filter((row) => row.kind === 'bag' && row.all);
  const gains = bags.map((row) => ({ row, by: gain(row, centre, 'linear') }));
  const good = gains.filter(({ by }) => by.mean > 0).length;
  return {
    claim: 'C6',
    statement: 'Averaging patches improves the multi-crop baseline too',
    verdict: good === gains.length ? 'reproduced' : good > 0 ? 'in part' : 'not reproduced',
    why: `Same weights, linear: centre crop ${withSpread(centre.values.linear)} (${centre.size} px, the better of two sizes); ${gains.map(({ row, by }) => `bag of all ${row.patches} patches of scale ${row.scale} ${points(row.values.linear.mean)} (${signed(by)})`).join('; ')}.`,
  };
}
