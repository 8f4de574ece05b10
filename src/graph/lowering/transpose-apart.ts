import { reshape, transpose } from '../functions.ts';
import type { Value } from '../graph.ts';

/**
 * A transposition in which ORT's WebGPU provider sees no matrix. It transposes matrices through shared memory, whose barriers make
 * that twenty times as slow as its kernel for more axes on software that emulates a GPU. So axes of one element are dropped and
 * one axis of a matrix is split in two. Undefined if the node is not a matrix transposition, or has no axis to split.
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
