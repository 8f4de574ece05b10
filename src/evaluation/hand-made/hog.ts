/** Directions that are told apart, over half a turn. */
const DIRECTIONS = 9;
/** Cells of a block, across and down. */
const BLOCK = 2;
/** What a block's numbers are limited to (L2-Hys). */
const MOST = 0.2;
const EPSILON = 1e-5;
/** The square of the largest gradient that rounding makes of a plain colour. */
const NOISE = 1e-10;

/**
 * Histograms of gradient directions (Dalal and Triggs, "Histograms of oriented gradients for human detection", CVPR 2005): central
 * differences; at each pixel the colour channel of the largest gradient; 9 directions over half a turn; blocks of 2×2 cells, L2-Hys. As
 * `skimage.feature.hog(…, channel_axis=0)` computes it.
 * @param tile [channels, side, side]
 * @param cell side of a cell, px
 */
export function hog(tile: ArrayLike<number>, side: number, cell: number): Float32Array {
  const cells = Math.floor(side / cell);
  const sums = new Float64Array(cells * cells * DIRECTIONS);
  for (let y = 0; y < cells * cell; y++) {
    for (let x = 0; x < cells * cell; x++) {
      const [size, direction] = gradient(tile, side, x, y);
      const at = (Math.floor(y / cell) * cells + Math.floor(x / cell)) * DIRECTIONS + direction;
      sums[at] += size / cell ** 2;
    }
  }
  const blocks = cells - BLOCK + 1;
  const out = new Float32Array(blocks * blocks * BLOCK * BLOCK * DIRECTIONS);
  let to = 0;
  for (let row = 0; row < blocks; row++) {
    for (let column = 0; column < blocks; column++) {
      const block: number[] = [];
      for (let r = row; r < row + BLOCK; r++) {
        for (let c = column; c < column + BLOCK; c++) {
          const from = (r * cells + c) * DIRECTIONS;
          block.push(...sums.subarray(from, from + DIRECTIONS));
        }
      }
      out.set(normalised(normalised(block).map((value) => Math.min(MOST, value))), to);
      to += block.length;
    }
  }
  return out;
}

/** Length and direction of the largest gradient of all channels; at the border, and below rounding, a difference is 0. */
function gradient(tile: ArrayLike<number>, side: number, x: number, y: number): [size: number, direction: number] {
  let [size, across, down] = [NOISE, 0, 0]; // the square of the length
  for (let at = y * side + x; at < tile.length; at += side * side) {
    const dx = x > 0 && x < side - 1 ? tile[at + 1] - tile[at - 1] : 0;
    const dy = y > 0 && y < side - 1 ? tile[at + side] - tile[at - side] : 0;
    const square = dx * dx + dy * dy;
    if (square > size) {
      size = square;
      across = dx;
      down = dy;
    }
  }
  const degrees = (Math.atan2(down, across) * 180) / Math.PI;
  return [size > NOISE ? Math.sqrt(size) : 0, Math.floor((((degrees + 180) % 180) * DIRECTIONS) / 180) % DIRECTIONS];
}

function normalised(block: readonly number[]): number[] {
  const length = Math.sqrt(block.reduce((sum, value) => sum + value * value, 0) + EPSILON ** 2);
  return block.map((value) => value / length);
}
