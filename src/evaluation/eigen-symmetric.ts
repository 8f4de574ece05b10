/** Eigenvalues, largest first, and vectors (vectors[i] belongs to values[i]) of a symmetric matrix, by Jacobi's rotations. */
export function eigenSymmetric(matrix: readonly (readonly number[])[]): { values: number[]; vectors: number[][] } {
  const n = matrix.length;
  const a = matrix.map((row) => [...row]);
  const v = a.map((_, i) => a.map((_, j) => (i === j ? 1 : 0)));
  for (let sweep = 0; sweep < 50; sweep++) {
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        if (a[p][q] === 0) continue;
        const theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const c = 1 / Math.hypot(t, 1);
        const rotate = (x: number[], y: number[]) => {
          for (let k = 0; k < n; k++) [x[k], y[k]] = [c * (x[k] - t * y[k]), c * (t * x[k] + y[k])];
        };
        rotate(a[p], a[q]);
        for (const row of a) [row[p], row[q]] = [c * (row[p] - t * row[q]), c * (t * row[p] + row[q])];
        rotate(v[p], v[q]);
      }
    }
  }
  const order = a.map((_, i) => i).sort((i, j) => a[j][j] - a[i][i]);
  return { values: order.map((i) => a[i][i]), vectors: order.map((i) => v[i]) };
}
