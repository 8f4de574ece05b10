import type { Attributes, Operator } from '../graph.ts';
import { broadcast, mismatch, sameType } from '../shapes.ts';

const MatMul: Operator = {
  type: 'MatMul',
  infer([a, b]) {
    sameType('MatMul', a, b);
    if (a.shape.length < 2 || b.shape.length < 2) throw mismatch('MatMul', 'must both have at least two axes', a, b);
    if (a.shape.at(-1) !== b.shape.at(-2)) throw mismatch('MatMul', 'have different inner extents', a, b);
    const stack = broadcast('MatMul', { ...a, shape: a.shape.slice(0, -2) }, { ...b, shape: b.shape.slice(0, -2) });
    return [{ dtype: a.dtype, shape: [...stack, a.shape.at(-2)!, b.shape.at(-1)!] }];
  },
};

/** How a Gemm takes its operands, with ONNX's defaults. */
export const gemmOptions = ({ transA, transB, alpha, beta }: Attributes) => ({
  transA: transA === 1,
  transB: transB === 1,
  alpha: (alpha as { float: number } | undefined)?.float ?? 1,
  beta: (beta as { float: number } | undefined)?.float ?? 1,
});

const Gemm: Operator = {
  type: 'Gemm',
  infer([a, b, c], attributes) {
    sameType('Gemm', a, b, ...(c ? [c] : []));
    if (a.shape.length !== 2 || b.shape.length !== 2) throw mismatch('Gemm', 'must both be matrices', a, b);
    const { transA, transB } = gemmOptions(attributes);
    const [m, k] = transA ? a.shape.toReversed() : a.shape;
    const [inner, n] = transB ? b.shape.toReversed() : b.shape;
    if (k !== inner) throw mismatch('Gemm', `have different inner extents (${k}, ${inner})`, a, b);
    if (c) {
      const product = { ...a, name: 'the product', shape: [m, n] };
      if (`${broadcast('Gemm', product, c)}` !== `${[m, n]}`) throw mismatch('Gemm', `is larger than [${m},${n}]`, c);
    }
    return [{ dtype: a.dtype, shape: [m, n] }];
  },
};

export const operators = [MatMul, Gemm];
