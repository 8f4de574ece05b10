import { BagsslError } from '../../base/errors.ts';
import { rowsOf } from '../attributes.ts';
import {
  add,
  cast,
  exp,
  matmul,
  mul,
  neg,
  reciprocal,
  reduceSum,
  reshape,
  scale,
  shift,
  sqrt,
  sub,
} from '../functions.ts';
import type { GradientRules, Value } from '../graph.ts';

export const rules: GradientRules = {
  BatchNormalization({ node, gradients: [g], wanted }) {
    const [x, gamma, , mean, variance] = node.inputs;
    const epsilon = (node.attributes.epsilon as { float: number } | undefined)?.float ?? 1e-5;
    const inverse = reciprocal(sqrt(shift(variance, epsilon)));
    const axes = x.shape.flatMap((_, i) => (i === 1 ? [] : [i]));
    const dbias = reduceSum(g!, axes);
    const dscale = () => mul(inverse, add(reduceSum(mul(g!, x), axes), neg(mul(mean, dbias))));
    return [
      wanted[0] ? perChannel(g!, mul(gamma, inverse)) : undefined,
      wanted[1] ? dscale() : undefined,
      dbias,
      wanted[3] ? neg(mul(mul(gamma, inverse), dbias)) : undefined,
      wanted[4] ? scale(mul(mul(gamma, mul(inverse, inverse)), dscale()), -0.5) : undefined,
    ];
  },

  // ∂L/∂x = y ⊙ (g − Σ y ⊙ g)
  Softmax({ node, gradients: [g] }) {
    const [y] = node.outputs;
    const axis = (node.attributes.axis as number | undefined) ?? -1;
    const inner = reduceSum(mul(g!, y), [axis < 0 ? axis + y.shape.length : axis], true);
    return [mul(y, add(g!, neg(inner)))];
  },

  // ∂L/∂x = g − eʸ ⊙ Σ g
  LogSoftmax({ node, gradients: [g] }) {
    const [y] = node.outputs;
    const axis = (node.attributes.axis as number | undefined) ?? -1;
    const total = reduceSum(g!, [axis < 0 ? axis + y.shape.length : axis], true);
    return [sub(g!, mul(exp(y), total))];
  },

  /**
   * With γ the scale, x̂ the normalised rows, σ their deviation and n their length:
   *   t = g ⊙ x̂,  dγ = Σ_rows t,  dβ = Σ_rows g,  dx = (γ ⊙ g − gᵀγ/n − x̂·tᵀγ/n) / σ,
   * where the two means over a row are products with the vector γ/n, so g and t are read only once.
   */
  LayerNormalization({ node, gradients: [given, dmean, dinverse], wanted }) {
    if (!given || dmean || dinverse) {
      throw new BagsslError('unsupported-operator', 'LayerNormalization: only its first output can be differentiated.');
    }
    const [x, gamma, beta] = node.inputs;
    const { rows, width } = rowsOf(x, node.attributes);
    const [g, flat] = [given, x].map((v) => reshape(v, [rows, width]));
    const [mean, inverse] = node.outputs.slice(1).map((v) => cast(reshape(v, [rows, 1]), x.dtype));
    const normal = mul(sub(flat, mean), inverse);
    const t = mul(g, normal);
    const dx = () => {
      const row = reshape(gamma, [1, width]);
      const share = reshape(scale(gamma, 1 / width), [width, 1]);
      const inner = sub(sub(mul(g, row), matmul(g, share)), mul(normal, matmul(t, share)));
      return reshape(mul(inner, inverse), x.shape);
    };
    return [
      wanted[0] ? dx() : undefined,
      wanted[1] ? reshape(reduceSum(t, [0]), gamma.shape) : undefined,
      ...(beta ? [wanted[2] ? reshape(reduceSum(g, [0]), beta.shape) : undefined] : []),
    ];
  },
};

const perChannel = (x: Value, factor: Value) =>
  mul(
    x,
    reshape(
      factor,
      x.shape.map((extent, i) => (i === 1 ? extent : 1)),
    ),
  );
