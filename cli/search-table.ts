import type { ImageSet } from '../src/data.ts';
import type { Measure, RetrievalFound, RetrievalRow } from '../src/evaluate.ts';

/** A table of what was found, as text: a line for each kind of vector, as it is and whitened. */
export interface SearchTable {
  /** What was searched. */
  readonly about: string;
  readonly head: readonly string[];
  readonly lines: readonly (readonly string[])[];
  /** How to read it, and what could not be measured. */
  readonly notes: readonly string[];
}

/** Below this many queries, standard errors are about 10 points. */
const FEW = 30;

const METHODS = ['plain', 'whitened'] as const;

/** What was found among `images`, for `queries` or for each of them. */
export function searchTable(rows: readonly RetrievalRow[], images: ImageSet, queries?: ImageSet): SearchTable {
  const all = rows.flatMap(({ plain, whitened }) => [plain, whitened]);
  const retrieval = all.find((found) => found.retrieval)?.retrieval;
  const kinds = Object.keys(all.find(({ reason }) => reason === undefined)?.originals ?? {});
  type Column = readonly [title: string, of: (found: RetrievalFound) => string];
  const byClass: readonly Column[] = [
    ['precision at 1', (found) => share(found.retrieval?.precisionAt1)],
    ['at 5', (found) => share(found.retrieval?.precisionAt5)],
    ['mean average', (found) => share(found.retrieval?.meanAveragePrecision)],
  ];
  const byCopy = kinds.map((kind): Column => [`${kind} copies`, (found) => share(found.originals[kind])]);
  const columns = [...(retrieval ? byClass : []), ...byCopy];
  const lines = rows.flatMap((row) =>
    METHODS.map((method) => [
      ...(method === 'plain' ? [row.name, String(row.width)] : [`${row.name}, whitened`, '']),
      ...columns.map(([, of]) => of(row[method])),
    ]),
  );
  const asked = queries ? `${queries.length} test images` : 'each searching the others';
  const few = retrieval && retrieval.queries < FEW;
  return {
    about: `${images.length} images${retrieval ? ` of ${classesOf(images)} classes, ${asked}` : ''}`,
    head: ['', 'numbers', ...columns.map(([title]) => title)],
    lines,
    notes: [
      '± is the standard error. Raw pixels, colour and HOG have their mean over all images taken off.',
      ...rows.flatMap(groupedText),
      ...(few ? [`${retrieval.queries} queries are too few to tell such vectors apart.`] : []),
      ...(retrieval?.leftOut ? [`Left out: ${retrieval.leftOut} images whose class no other image has.`] : []),
      ...new Set(all.flatMap(({ reason }) => (reason === undefined ? [] : `–: ${reason}`))),
    ],
  };
}

/** The table in columns. */
export function searchText({ about, head, lines, notes }: SearchTable): string {
  const name = Math.max(...lines.map(([left]) => left.length)) + 2;
  const line = ([left, width, ...cells]: readonly string[]) =>
    `${left.padEnd(name)}${width.padStart(7)}${cells.map((cell) => cell.padStart(17)).join('')}`.trimEnd();
  return [about, '', line(head), ...lines.map(line), '', ...notes, ''].join('\n');
}

const classesOf = ({ labels }: ImageSet) => new Set(labels).size;

function share(measure: Measure | undefined): string {
  if (!measure) return '–';
  const error = Number.isFinite(measure.error) ? ` ±${measure.error.toFixed(3).slice(1)}` : '';
  return `${measure.mean.toFixed(3)}${error}`;
}

/** What `bagssl duplicates` finds by an encoder's vectors. */
function groupedText({ name, grouped }: RetrievalRow): string[] {
  if (!grouped) return [];
  const found = Object.entries(grouped.copies).map(([kind, measure]) => `${share(measure)} of ${kind} copies`);
  return [
    `${name}: duplicates groups ${found.join(' and ')} with their original; without copies, ${grouped.joined} of the images with others.`,
  ];
}

/** The same as one JSON object. */
export function searchJson(rows: readonly RetrievalRow[], images: ImageSet, queries?: ImageSet) {
  const measure = (value: Measure | undefined) => value && { mean: value.mean, error: value.error };
  const found = ({ reason, retrieval, originals }: RetrievalFound) => ({
    ...(reason !== undefined && { reason }),
    ...(retrieval && {
      precision_at_1: measure(retrieval.precisionAt1),
      precision_at_5: measure(retrieval.precisionAt5),
      mean_average_precision: measure(retrieval.meanAveragePrecision),
      queries: retrieval.queries,
      left_out: retrieval.leftOut,
    }),
    ...Object.fromEntries(Object.entries(originals).map(([kind, value]) => [kind, measure(value)])),
  });
  return {
    images: images.length,
    ...(queries && { test_images: queries.length }),
    ...(images.labels && { classes: classesOf(images) }),
    rows: rows.map(({ name, width, plain, whitened, grouped }) => ({
      ...{ name, width },
      plain: found(plain),
      ...(grouped && {
        grouped: {
          ...Object.fromEntries(Object.entries(grouped.copies).map(([kind, value]) => [kind, measure(value)])),
          joined: grouped.joined,
        },
      }),
      whitened: found(whitened),
    })),
  };
}
