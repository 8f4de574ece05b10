import { matmul, transposed, unbroadcast } from '../functions.ts';
import type { Operator } from '../graph.ts';
import { broadcast, mismatch } from '../shapes.ts';

const MatMul: Operator = {
  type: 'MatMul',
  infer([a, b]) {
    if (a.shape.length < 2 || b.shape.length < 2) throw mismatch('MatMul', 'must both have at least two axes', a, b);
    if (a.shape.at(-1) !== b.shape.at(-2)) throw mismatch('MatMul', 'have different inner extents', a, b);
    const stack = broadcast('MatMul', { ...a, shape: a.shape.slice(0, -2) }, { ...b, shape: b.shape.slice(0, -2) });
    return [{ dtype: a.dtype, shape: [...stack, a.shape.at(-2)!, b.shape.at(-1)!] }];
  },
  // C = AB: ∂L/∂A = G Bᵀ, ∂L/∂B = Aᵀ G.
  gradient({ node, gradients: [g], wanted }) {
    const [a, b] = node.inputs;
    return [
      wanted[0] ? unbroadcast(matmul(g!, transposed(b)), a) : undefined,
      wanted[1] ? unbroadcast(matmul(transposed(a), g!), b) : undefined,
    ];
  },
};

export const operators = [MatMul];
