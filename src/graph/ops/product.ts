import { gemm, inFloat32, matmul, scale, transposed, unbroadcast } from '../functions.ts';
import type { Attributes, Operator, Value } from '../graph.ts';
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
  // C = AB: ∂L/∂A = G Bᵀ, ∂L/∂B = Aᵀ G, which for a single matrix B is a sum over the batch.
  gradient({ node, gradients: [g], wanted }) {
    const [a, b] = node.inputs;
    const db = (left: Value, slope: Value) => unbroadcast(matmul(transposed(left), slope), b);
    return [
      wanted[0] ? unbroadcast(matmul(g!, transposed(b)), a) : undefined,
      wanted[1] ? (b.shape.length === 2 ? inFloat32(db, a, g!) : db(a, g!)) : undefined,
    ];
  },
};

const gemmOptions = ({ transA, transB, alpha, beta }: Attributes) => ({
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
  // Y = αA′B′ + βC: ∂L/∂A′ = αG B′ᵀ, ∂L/∂B′ = αA′ᵀ G; transposed where A and B were, as products without a transpose.
  gradient({ node, gradients: [g], wanted }) {
    const [a, b, c] = node.inputs;
    const { transA, transB, alpha, beta } = gemmOptions(node.attributes);
    const product = (p: typeof a, q: typeof a, pT: boolean, qT: boolean) =>
      gemm(p, q, undefined, { transA: pT, transB: qT, alpha });
    const da = () => (transA ? product(b, g!, transB, true) : product(g!, b, false, !transB));
    const db = () =>
      transB
        ? inFloat32((p, q) => product(p, q, true, transA), g!, a)
        : inFloat32((p, q) => product(p, q, !transA, false), a, g!);
    const dc = () => unbroadcast(beta === 1 ? g! : scale(g!, beta), c);
    return [wanted[0] ? da() : undefined, wanted[1] ? db() : undefined, wanted[2] ? dc() : undefined];
  },
};

export const operators = [MatMul, Gemm];
