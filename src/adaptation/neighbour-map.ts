import { checkAborted } from '../base/aborted.ts';
import { type Matrix, row } from '../base/matrix.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { fourthRoot, product } from './matrix-power.ts';

/** Neighbours of an image that are taken to show the same kind of thing. */
const NEIGHBOURS = 5;
/** Weight of how altered copies differ from their images beside how neighbours differ, each of the same total variance. */
const COPIES = 0.2;
/** Added to the variances of all images, and of these differences, as a share of their means: what few images cannot tell. */
const RIDGE = 1;

const STOPPED = 'Learning from images was stopped.';

/**
 * A linear map [width, width] that brings neighbours of a collection, and altered copies of an image, closer together, from centred vectors x alone:
 * 1. Directions in which the collection varies much count more: y = x·C^¼, C the covariance of x.
 * 2. Images that are among each other's nearest by y are pairs, with weight a, their cosine to the power of 3.
 * 3. Directions in which pairs differ count less: V = S^−¼, S = P/tr P + 0.2·T/tr T, P = Σ a (u − u′)ᵀ(u − u′), u the x of unit length,
 *    T the same of images and their altered copies, without which copies would be found less often.
 * 4. As 1, of x·V: the map is V·(V C V)^¼.
 * Step 3 is the whitening of differences within classes (as in linear discriminant analysis), with neighbours in place of labels.
 * @param copies of the same images, altered, row by row, less the mean of the images
 */
export async function neighbourMap(
  runtime: Runtime,
  x: Matrix,
  copies: Matrix,
  signal?: AbortSignal,
): Promise<Float32Array> {
  const d = x.columns;
  const ridged = (matrix: Float32Array, ridge: number): Float32Array => {
    let trace = 0;
    for (let i = 0; i < d; i++) trace += matrix[i * d + i];
    for (let i = 0; i < d; i++) matrix[i * d + i] += (ridge * trace) / d;
    return matrix;
  };
  const least = (ridge: number) => ridge / (d * (1 + ridge));
  const emphasised = async (covariance: Float32Array) =>
    fourthRoot(runtime, ridged(covariance, RIDGE), least(RIDGE), 'root');
  const all = Float64Array.from({ length: x.rows }, () => 1 / x.rows);
  const covariance = await moments(x, all, signal);
  const first = await emphasised(covariance.slice());
  const pairs = mutualNeighbours(unitRows(await applied(x, first, signal)), signal);
  const u = unitRows(x);
  const differences = new Float32Array(pairs.length * d);
  pairs.forEach(([a, b], at) => {
    for (let i = 0; i < d; i++) differences[at * d + i] = u.data[a * d + i] - u.data[b * d + i];
  });
  const total = pairs.reduce((sum, [, , weight]) => sum + weight, 0);
  if (total === 0) return first;
  const weights = Float64Array.from(pairs, ([, , weight]) => weight / total);
  const within = ofTraceOne(await moments({ data: differences, rows: pairs.length, columns: d }, weights, signal), d);
  const altered = unitRows(copies);
  const changes = { ...altered, data: altered.data.map((value, i) => value - u.data[i]) };
  const between = ofTraceOne(await moments(changes, all, signal), d);
  const differing = within.map((value, i) => value + COPIES * between[i]);
  const closer = await fourthRoot(runtime, ridged(differing, RIDGE), least(RIDGE), 'inverse');
  const seen = await product(runtime, await product(runtime, closer, covariance), closer);
  return product(runtime, closer, await emphasised(seen));
}

function ofTraceOne(matrix: Float32Array, d: number): Float32Array {
  let trace = 0;
  for (let i = 0; i < d; i++) trace += matrix[i * d + i];
  return trace > 0 ? matrix.map((value) => value / trace) : matrix;
}

/** Lets the page have its turn, and ends if the signal says so. */
async function turn(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve));
  checkAborted(signal, STOPPED);
}

/** Σ w xᵀx, [columns, columns]. */
async function moments(x: Matrix, weights: Float64Array, signal: AbortSignal | undefined): Promise<Float32Array> {
  const d = x.columns;
  const sum = new Float64Array(d * d);
  for (let r = 0; r < x.rows; r++) {
    if (r % 64 === 0) await turn(signal);
    const v = row(x, r);
    for (let i = 0; i < d; i++) {
      const scaled = weights[r] * v[i];
      for (let j = i; j < d; j++) sum[i * d + j] += scaled * v[j];
    }
  }
  for (let i = 0; i < d; i++) for (let j = 0; j < i; j++) sum[i * d + j] = sum[j * d + i];
  return Float32Array.from(sum);
}

async function applied(x: Matrix, map: Float32Array, signal: AbortSignal | undefined): Promise<Matrix> {
  const d = x.columns;
  const data = new Float32Array(x.data.length);
  for (let r = 0; r < x.rows; r++) {
    if (r % 64 === 0) await turn(signal);
    const v = row(x, r);
    const to = data.subarray(r * d, (r + 1) * d);
    for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) to[j] += v[i] * map[i * d + j];
  }
  return { ...x, data };
}

function unitRows(x: Matrix): Matrix {
  const data = x.data.slice(0, x.rows * x.columns);
  for (let r = 0; r < x.rows; r++) {
    const v = data.subarray(r * x.columns, (r + 1) * x.columns);
    const length = Math.sqrt(v.reduce((sum, value) => sum + value * value, 0)) || 1;
    for (let i = 0; i < v.length; i++) v[i] /= length;
  }
  return { ...x, data };
}

/** Pairs of rows that are among each other's nearest, with cosine³ where the cosine is above 0. */
function mutualNeighbours(unit: Matrix, signal: AbortSignal | undefined): [number, number, number][] {
  const n = unit.rows;
  const nearest = Array.from({ length: n }, (_, a) => {
    checkAborted(signal, STOPPED);
    const query = row(unit, a);
    const found: [number, number][] = [];
    for (let b = 0; b < n; b++) {
      if (a === b) continue;
      const other = row(unit, b);
      let dot = 0;
      for (let i = 0; i < query.length; i++) dot += query[i] * other[i];
      if (found.length === NEIGHBOURS && dot <= found[NEIGHBOURS - 1][1]) continue;
      found.push([b, dot]);
      found.sort((p, q) => q[1] - p[1] || p[0] - q[0]);
      if (found.length > NEIGHBOURS) found.pop();
    }
    return new Map(found);
  });
  const pairs: [number, number, number][] = [];
  nearest.forEach((found, a) => {
    for (const [b, cosine] of found) if (a < b && nearest[b].has(a) && cosine > 0) pairs.push([a, b, cosine ** 3]);
  });
  return pairs;
}
