import { reshape, transpose } from '../functions.ts';
import type { Value } from '../graph.ts';

/**
 * A transposition in which ORT's WebGPU provider sees no matrix: a matrix goes through shared memory there, whose barriers cost a
 * program that imitates a GPU twenty times what the plain kernel for more axes takes. Axes of one element are left out and an axis
 * of a matrix is cut in two. Undefined where the node as it stands is none of that, or has no axis to cut.
 */
export function transposeApart(x: Value, perm: readonly number[]): Value | undefined {
  const axes = x.shape.flatMap((extent, axis) => (extent > 1 ? [axis] : []));
  const order = perm.filter((axis) => axes.includes(axis)).map((axis) => axes.indexOf(axis));
  const shape = axes.map((axis) => x.shape[axis]);
  const turned = perm.map((axis) => x.shape[axis]);
  if (order.every((axis, k) => axis === k)) return reshape(x, turned);
  if (shape.length > 2) {
    return shape.length === x.shape.length ? undefined : reshape(transpose(reshape(x, shape), order), turned);
  }
  const [rows, columns] = shape;
  const cut = [factorOf(columns), factorOf(rows)];
  if (cut[0]) return reshape(transpose(reshape(x, [rows, cut[0], columns / cut[0]]), [1, 2, 0]), turned);
  if (cut[1]) return reshape(transpose(reshape(x, [cut[1], rows / cut[1], columns]), [2, 0, 1]), turned);
  return undefined;
}

/** The least factor of n above 1 and below n. */
function factorOf(n: number): number | undefined {
  for (let k = 2; k * k <= n; k++) if (n % k === 0) return k;
  return undefined;
}
