import { SearchIndex } from 'bagssl';
import { centred, meanRow } from 'bagssl/evaluate';

/** An index of vectors without their mean. */
export function centredIndex(vectors: readonly Float32Array[]): SearchIndex<number> {
  const columns = vectors[0].length;
  const all = { data: new Float32Array(vectors.length * columns), rows: vectors.length, columns };
  vectors.forEach((vector, i) => {
    all.data.set(vector, i * columns);
  });
  const { data } = centred(all, meanRow(all));
  const index = new SearchIndex<number>(columns);
  vectors.forEach((_, i) => {
    index.add(i, data.subarray(i * columns, (i + 1) * columns));
  });
  return index;
}
