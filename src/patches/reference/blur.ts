const { fround } = Math;

/** Twin of assembly/blur.ts: a symmetric row of weights, from the middle outwards, across and then down. */
export function blur(tile: Float32Array, weights: Float32Array): void {
  const n = tile.length / 3;
  const size = Math.sqrt(n);
  const mirror = (at: number) => (at < 0 ? -at : at < size ? at : 2 * size - 2 - at);
  const filtered = (at: number, value: (at: number) => number) => {
    let sum = fround(weights[0] * value(at));
    for (let t = 1; t < weights.length; t++) {
      sum = fround(sum + fround(weights[t] * fround(value(mirror(at - t)) + value(mirror(at + t)))));
    }
    return sum;
  };
  for (let plane = 0; plane < tile.length; plane += n) {
    const rows = new Float32Array(n);
    for (let i = 0; i < n; i++) {
      const row = plane + i - (i % size);
      rows[i] = filtered(i % size, (x) => tile[row + x]);
    }
    for (let i = 0; i < n; i++) {
      tile[plane + i] = filtered(Math.floor(i / size), (y) => rows[y * size + (i % size)]);
    }
  }
}
