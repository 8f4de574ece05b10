import type { Matrix } from 'bagssl/embed';
import { centred, meanRow } from 'bagssl/evaluate';
import { make } from '../common/dom.ts';

/** How dark a place is that matches nothing. */
const SHADE = 0.72;

/**
 * For each place of other pictures how much it is like the picture that is asked, 0 to 1: the largest cosine with any of its places, after
 * subtracting the mean of all places. The best place of each picture is 1, the worst of all pictures 0: a copy is lit everywhere.
 */
export function likeness(asked: Matrix, others: readonly Matrix[]): Float32Array[] {
  const { columns } = asked;
  const rows = asked.rows + others.reduce((sum, one) => sum + one.rows, 0);
  const all = { data: new Float32Array(rows * columns), rows, columns };
  let at = 0;
  for (const { data } of [asked, ...others]) {
    all.data.set(data, at);
    at += data.length;
  }
  const mean = meanRow(all);
  const query = units(centred(asked, mean));
  const likest = others.map((one) => {
    const places = units(centred(one, mean));
    const best = new Float32Array(one.rows).fill(-1);
    for (let i = 0; i < one.rows; i++) {
      for (let q = 0; q < asked.rows; q++) {
        let sum = 0;
        for (let k = 0; k < columns; k++) sum += places[i * columns + k] * query[q * columns + k];
        if (sum > best[i]) best[i] = sum;
      }
    }
    return best;
  });
  const least = Math.min(...likest.map((values) => Math.min(...values)));
  return likest.map((values) => {
    const span = Math.max(...values) - least;
    return values.map((value) => (span > 0 ? (value - least) / span : 1));
  });
}

function units({ data, columns }: Matrix): Float32Array {
  const out = data.slice();
  for (let from = 0; from < out.length; from += columns) {
    const row = out.subarray(from, from + columns);
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0)) || 1;
    for (let i = 0; i < columns; i++) row[i] /= length;
  }
  return out;
}

/** A shade over a picture that is thinnest where it matches. */
export function lit(values: Float32Array, across: number): HTMLCanvasElement {
  const canvas = make('canvas', { className: 'shade', width: across, height: values.length / across });
  const image = new ImageData(canvas.width, canvas.height);
  values.forEach((value, i) => {
    image.data[4 * i + 3] = 255 * SHADE * (1 - value) ** 1.3;
  });
  canvas.getContext('2d')!.putImageData(image, 0, 0);
  return canvas;
}
