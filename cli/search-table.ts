import type { ImageSet } from '../src/data.ts';
import type { Measure, RetrievalFound, RetrievalRow } from '../src/evaluate.ts';

const METHODS = ['plain', 'whitened'] as const;

/** What was found, as text: a line for each kind of vector, as it is and whitened. */
export function searchTable(rows: readonly RetrievalRow[], images: ImageSet, queries?: ImageSet): string {
  const all = rows.flatMap(({ plain, whitened }) => [plain, whitened]);
  const retrieval = all.find((found) => found.retrieval)?.retrieval;
  const kinds = Object.keys(all.find(({ originals }) => Object.keys(originals).length > 0)?.originals ?? {});
  type Column = readonly [title: string, of: (found: RetrievalFound) => string];
  const byClass: readonly Column[] = [
    ['precision at 1', (found) => share(found.retrieval?.precisionAt1)],
    ['at 5', (found) => share(found.retrieval?.precisionAt5)],
    ['mean average', (found) => share(found.retrieval?.meanAveragePrecision)],
  ];
  const byCopy = kinds.map((kind): Column => [`${kind} copies`, (found) => share(found.originals[kind])]);
  const columns = [...(retrieval ? byClass : []), ...byCopy];
  const name = Math.max(...rows.map((row) => row.name.length + ', whitened'.length)) + 2;
  const line = (left: string, width: string, cells: readonly string[]) =>
    `${left.padEnd(name)}${width.padStart(7)}${cells.map((cell) => cell.padStart(17)).join('')}`.trimEnd();
  const lines = rows.flatMap((row) =>
    METHODS.map((method) =>
      line(
        method === 'plain' ? row.name : `${row.name}, whitened`,
        method === 'plain' ? String(row.width) : '',
        columns.map(([, of]) => of(row[method])),
      ),
    ),
  );
  const reasons = new Set(all.flatMap(({ reason }) => reason ?? []));
  const notes = [
    '± is the standard error. Raw pixels, colour and HOG have their mean over all images taken off.',
    ...(retrieval && retrieval.queries < FEW
      ? [`${retrieval.queries} queries are too few to tell such vectors apart.`]
      : []),
    ...(retrieval?.leftOut ? [`Left out: ${retrieval.leftOut} images that are the only one of their class.`] : []),
    ...[...reasons].map((reason) => `–: ${reason}`),
  ];
  const asked = queries ? `${queries.length} test images` : 'each searching the others';
  const about = retrieval
    ? `${images.length} images of ${classesOf(images)} classes, ${asked}`
    : `${images.length} images`;
  return [
    about,
    '',
    line(
      '',
      'numbers',
      columns.map(([title]) => title),
    ),
    ...lines,
    '',
    ...notes,
    '',
  ].join('\n');
}

/** Below this many queries, standard errors are about 10 points. */
const FEW = 30;

const classesOf = ({ labels }: ImageSet) => new Set(labels).size;

function share(measure: Measure | undefined): string {
  if (!measure) return '–';
  const error = Number.isFinite(measure.error) ? ` ±${measure.error.toFixed(3).slice(1)}` : '';
  return `${measure.mean.toFixed(3)}${error}`;
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
    rows: rows.map(({ name, width, plain, whitened }) => ({
      ...{ name, width },
      plain: found(plain),
      whitened: found(whitened),
    })),
  };
}
