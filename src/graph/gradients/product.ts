import { gemmOptionsOf } from '../attributes.ts';
import { gemm, inFloat32, matmul, reshape, scale, transposed, unbroadcast } from '../functions.ts';
import type { GradientRules, Value } from '../graph.ts';

/** All rows of a batch of matrices as one matrix. */
const inRows = (x: Value): Value => (x.shape.length > 2 ? reshape(x, [-1, x.shape.at(-1)!]) : x);

export const rules: GradientRules = {
  // C = AB: ∂L/∂A = G Bᵀ, ∂L/∂B = Aᵀ G. For a single matrix B the latter sums over the batch, in one product of all its rows: a
  // product for each and their sum would hold a matrix for each.
  MatMul({ node, gradients: [g], wanted }) {
    const [a, b] = node.inputs;
    const db = (left: Value, slope: Value) => unbroadcast(matmul(transposed(left), slope), b);
    return [
      wanted[0] ? unbroadcast(matmul(g!, transposed(b)), a) : undefined,
      wanted[1] ? (b.shape.length === 2 ? inFloat32(db, inRows(a), inRows(g!)) : db(a, g!)) : undefined,
    ];
  },

  // Y = αA′B′ + βC: ∂L/∂A′ = αG B′ᵀ, ∂L/∂B′ = αA′ᵀ G; flags take the place of transposes.
  Gemm({ node, gradients: [g], wanted }) {
    const [a, b, c] = node.inputs;
    const { transA, transB, alpha, beta } = gemmOptionsOf(node.attributes);
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
