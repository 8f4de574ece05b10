import { checkOptions, NUMBER, type Rules, SWITCH } from '../../base/options.ts';
import { gemmOptionsOf } from '../attributes.ts';
import { elements, graphOf, type Operator, type Value } from '../graph.ts';
import { broadcast, mismatch, sameType } from '../shapes.ts';
import type { Binary } from './arithmetic.ts';

export default [
  {
    type: 'MatMul',
    since: 1,
    kind: 'product',
    settings: [],
    infer([a, b]) {
      sameType('MatMul', a, b);
      if (a.shape.length < 2 || b.shape.length < 2) throw mismatch('MatMul', 'must both have at least two axes', a, b);
      if (a.shape.at(-1) !== b.shape.at(-2)) throw mismatch('MatMul', 'have different inner extents', a, b);
      const stack = broadcast('MatMul', { ...a, shape: a.shape.slice(0, -2) }, { ...b, shape: b.shape.slice(0, -2) });
      return [{ dtype: a.dtype, shape: [...stack, a.shape.at(-2)!, b.shape.at(-1)!] }];
    },
    multiplyAdds: ({ inputs: [a], outputs: [y] }) => elements(y.shape) * a.shape.at(-1)!,
  },
  {
    type: 'Gemm',
    since: 7,
    kind: 'product',
    settings: [],
    infer([a, b, c], attributes) {
      sameType('Gemm', a, b, ...(c ? [c] : []));
      if (a.shape.length !== 2 || b.shape.length !== 2) throw mismatch('Gemm', 'must both be matrices', a, b);
      const { transA, transB } = gemmOptionsOf(attributes);
      const [m, k] = transA ? a.shape.toReversed() : a.shape;
      const [inner, n] = transB ? b.shape.toReversed() : b.shape;
      if (k !== inner) throw mismatch('Gemm', `have different inner extents (${k}, ${inner})`, a, b);
      if (c) {
        const product = { ...a, name: 'the product', shape: [m, n] };
        if (`${broadcast('Gemm', product, c)}` !== `${[m, n]}`) throw mismatch('Gemm', `is larger than [${m},${n}]`, c);
      }
      return [{ dtype: a.dtype, shape: [m, n] }];
    },
    multiplyAdds: ({ inputs: [a], outputs: [y], attributes }) =>
      elements(y.shape) * a.shape[gemmOptionsOf(attributes).transA ? 0 : 1],
  },
] satisfies Operator[];

/** Products of the last two axes, stack by stack. */
export const matmul: Binary = (a, b) => graphOf(a).apply('MatMul', [a, b])[0];

/** How `gemm` takes its operands; nothing is transposed, and both factors are 1, unless given. */
export interface GemmOptions {
  /** Take the transpose of A; default false. */
  readonly transA?: boolean;
  /** Take the transpose of B; default false. */
  readonly transB?: boolean;
  /** Factor on the product, default 1. */
  readonly alpha?: number;
  /** Factor on C, default 1. */
  readonly beta?: number;
}

const RULES: Rules<GemmOptions> = { transA: SWITCH, transB: SWITCH, alpha: NUMBER, beta: NUMBER };

/** alpha·A′B′ + beta·C of two matrices, A′ = Aᵀ if transA, B′ = Bᵀ if transB; C is broadcast, or absent. */
export function gemm(a: Value, b: Value, c?: Value, options: GemmOptions = {}): Value {
  checkOptions('gemm', options, RULES);
  const { transA = false, transB = false, alpha = 1, beta = 1 } = options;
  const attributes = { transA: +transA, transB: +transB, alpha: { float: alpha }, beta: { float: beta } };
  return graphOf(a).apply('Gemm', c ? [a, b, c] : [a, b], attributes)[0];
}
