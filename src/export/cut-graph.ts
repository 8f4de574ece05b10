import { BagsslError } from '../base/errors.ts';
import { cast, clip, concat, div, gather, matmul, reshape, sub, transpose } from '../graph/functions.ts';
import type { Value } from '../graph/graph.ts';
import { type Lattice, lattices, type Placement } from '../patches/placement.ts';
import type { Recipe, Triple } from '../patches/recipe.ts';
import { resampleTaps, scaledTaps, type Taps } from '../patches/weights.ts';

/** Floats in the largest matrix that resamples one axis. */
const MOST_FLOATS = 2 ** 26;

/**
 * Cuts the patches of a bag in a graph, as the kernels do in a worker: `images` [n, height, width, 3], values 0 to 255, become
 * patches [n, count, 3, size, size], row by row. The patches of one scale are on a grid, so two products cut and resample all of
 * them: one over the columns of the whole image, then one over its rows.
 * @throws BagsslError `bad-argument` for random positions, which differ from image to image
 */
export function cutPatches(images: Value, recipe: Recipe, placement: Placement): Value {
  if (placement.kind === 'random') {
    throw new BagsslError(
      'bad-argument',
      `${placement.count} random patches lie elsewhere in every image, which one graph cannot hold; place them by "grid", "tiles" or "all".`,
    );
  }
  const [, height, width] = images.shape;
  const planes = transpose(images, [0, 3, 1, 2]);
  const scales = lattices(placement, recipe, width, height).map((lattice) => cutLattice(planes, lattice, recipe));
  return normalised(concat(scales, 1), recipe);
}

/** Whole images reduced as `wholeImage` does it: `images` [n, height, width, 3], values 0 to 255, become [n, 3, rows, columns]. */
export function reducedImages(images: Value, recipe: Recipe, rows: number, columns: number): Value {
  const [, height, width] = images.shape;
  const taps = (length: number, size: number) => resampleTaps(length, size, recipe.interpolation);
  const across = resampling(images, taps(width, columns), columns, [0], width);
  const down = resampling(images, scaledTaps(taps(height, rows), 1 / 255), rows, [0], height);
  const planes = cast(transpose(images, [0, 3, 1, 2]), 'float32');
  return normalised(clip(matmul(down, matmul(planes, transpose(across, [1, 0]))), 0, 1), recipe);
}

/** Of values in 0..1. */
function normalised(values: Value, { mean, std }: Recipe): Value {
  const channel = (triple: Triple) => values.graph.constant(Float32Array.from(triple), [3, 1, 1]);
  return div(sub(values, channel(mean)), channel(std));
}

/** The patches of one scale in 0..1, [n, count, 3, size, size]. */
function cutLattice(planes: Value, { side, xs, ys }: Lattice, { size, interpolation }: Recipe): Value {
  const [n, , height, width] = planes.shape;
  const cut = () => {
    const pixels = (edges: readonly number[]) =>
      edges.flatMap((edge) => Array.from({ length: size }, (_, i) => edge + i));
    const copied = gather(gather(planes, pixels(xs), 3), pixels(ys), 2);
    return div(cast(copied, 'float32'), copied.graph.scalar(255));
  };
  const resample = () => {
    const taps = resampleTaps(side, size, interpolation);
    const across = resampling(planes, taps, size, xs, width);
    const down = resampling(planes, scaledTaps(taps, 1 / 255), size, ys, height);
    const resampled = matmul(down, matmul(cast(planes, 'float32'), transpose(across, [1, 0])));
    // Bicubic weights can be negative, so values are clamped to 0..1.
    return interpolation === 'bicubic' ? clip(resampled, 0, 1) : resampled;
  };
  const whole = side === size ? cut() : resample();
  const apart = reshape(whole, [n, 3, ys.length, size, xs.length, size]);
  return reshape(transpose(apart, [0, 2, 4, 1, 3, 5]), [n, ys.length * xs.length, 3, size, size]);
}

/** The matrix [edges · size, length] that resamples the crops starting at `edges` from an axis of `length` pixels. */
function resampling(
  { graph }: Value,
  { taps, starts, weights }: Taps,
  size: number,
  edges: readonly number[],
  length: number,
): Value {
  const rows = edges.length * size;
  if (rows * length > MOST_FLOATS) {
    throw new BagsslError(
      'bad-argument',
      `${edges.length} patches of ${size} px along ${length} px are too many for one graph; place fewer ("grid", "tiles"), or use smaller images.`,
    );
  }
  const matrix = new Float32Array(rows * length);
  edges.forEach((edge, k) => {
    for (let i = 0; i < size; i++) {
      for (let t = 0; t < taps; t++) matrix[(k * size + i) * length + edge + starts[i] + t] += weights[i * taps + t];
    }
  });
  return graph.constant(matrix, [rows, length]);
}
