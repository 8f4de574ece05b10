/** The inverse of a square matrix, by Gauss and Jordan with pivots, in float64. */
export function inverse(matrix: ArrayLike<number>): Float64Array {
  const d = Math.sqrt(matrix.length);
  const a = Float64Array.from(matrix);
  const out = new Float64Array(d * d);
  for (let i = 0; i < d; i++) out[i * d + i] = 1;
  const rowOf = (m: Float64Array, r: number) => m.subarray(r * d, (r + 1) * d);
  for (let c = 0; c < d; c++) {
    let pivot = c;
    for (let r = c + 1; r < d; r++) if (Math.abs(a[r * d + c]) > Math.abs(a[pivot * d + c])) pivot = r;
    for (const m of [a, out]) {
      const [top, found] = [rowOf(m, c).slice(), rowOf(m, pivot).slice()];
      m.set(found, c * d);
      m.set(top, pivot * d);
    }
    const factor = 1 / a[c * d + c];
    for (const m of [a, out]) for (let j = 0; j < d; j++) m[c * d + j] *= factor;
    for (let r = 0; r < d; r++) {
      const times = a[r * d + c];
      if (r === c || times === 0) continue;
      for (const m of [a, out]) for (let j = 0; j < d; j++) m[r * d + j] -= times * m[c * d + j];
    }
  }
  return out;
}
