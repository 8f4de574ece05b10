/** Float64 references, written from the equations alone: slow, plain, and nothing shared with what they check. */

export type Rows = number[][];

export const toRows = (data: ArrayLike<number>, rows: number, columns: number): Rows =>
  Array.from({ length: rows }, (_, r) => Array.from({ length: columns }, (_, c) => data[r * columns + c]));

/** ½ log det by Gaussian elimination. */
export function halfLogDet(matrix: Rows): number {
  const m = matrix.map((row) => [...row]);
  let total = 0;
  for (let k = 0; k < m.length; k++) {
    total += Math.log(m[k][k]);
    for (let i = k + 1; i < m.length; i++) {
      const factor = m[i][k] / m[k][k];
      for (let j = k; j < m.length; j++) m[i][j] -= factor * m[k][j];
    }
  }
  return total / 2;
}

const unit = (row: number[]) => {
  const norm = Math.hypot(...row);
  return row.map((v) => v / norm);
};

/** METHOD: L = −mean R(Zᵢ) − λ·mean cos(zᵢ_b, z̄_b), R through the d × d matrix I + d/(m ε²) Z Zᵀ. */
export function codingRateLoss(projection: Rows, views: number, images: number, epsilon2: number, weight: number) {
  const z = projection.map(unit);
  const d = z[0].length;
  const rates = Array.from({ length: views }, (_, v) => {
    const view = z.slice(v * images, (v + 1) * images);
    const a = d / (images * epsilon2);
    return halfLogDet(
      Array.from({ length: d }, (_, i) =>
        Array.from({ length: d }, (_, j) => (i === j ? 1 : 0) + a * view.reduce((s, row) => s + row[i] * row[j], 0)),
      ),
    );
  });
  let similarity = 0;
  for (let b = 0; b < images; b++) {
    const of = Array.from({ length: views }, (_, v) => z[v * images + b]);
    const mean = Array.from({ length: d }, (_, i) => of.reduce((s, row) => s + row[i], 0) / views);
    const norm = Math.hypot(...mean);
    for (const row of of) similarity += row.reduce((s, v, i) => s + v * mean[i], 0) / norm / views / images;
  }
  const rate = rates.reduce((s, r) => s + r, 0) / views;
  return { loss: -rate - weight * similarity, rate, similarity };
}

/** VICReg of one pair of views [m, d]. */
export function vicregPair(left: Rows, right: Rows): number {
  const [m, d] = [left.length, left[0].length];
  let mse = 0;
  left.forEach((row, b) => row.forEach((v, i) => (mse += (v - right[b][i]) ** 2 / (m * d))));
  const parts = [left, right].map((z) => {
    const mean = z[0].map((_, i) => z.reduce((s, row) => s + row[i], 0) / m);
    const c = mean.map((_, i) =>
      mean.map((_, j) => z.reduce((s, row) => s + (row[i] - mean[i]) * (row[j] - mean[j]), 0) / (m - 1)),
    );
    const hinge = c.reduce((s, row, i) => s + Math.max(0, 1 - Math.sqrt(row[i] + 1e-4)), 0) / d;
    let off = 0;
    c.forEach((row, i) => row.forEach((v, j) => (off += i === j ? 0 : (v * v) / d)));
    return { hinge, off };
  });
  return 25 * mse + 25 * 0.5 * (parts[0].hinge + parts[1].hinge) + parts[0].off + parts[1].off;
}

/** Central differences of a scalar function, one element at a time. */
export function numericGradient(f: (x: Float64Array) => number, at: ArrayLike<number>, step = 1e-5): Float64Array {
  const x = Float64Array.from(at);
  return x.map((v, i) => {
    x[i] = v + step;
    const high = f(x);
    x[i] = v - step;
    const low = f(x);
    x[i] = v;
    return (high - low) / (2 * step);
  });
}

/** Largest difference relative to the largest element of the expected values. */
export function relativeError(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  let most = 1e-12;
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    most = Math.max(most, Math.abs(expected[i]));
    worst = Math.max(worst, Math.abs(found[i] - expected[i]));
  }
  return worst / most;
}
