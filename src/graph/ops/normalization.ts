import { BagsslError } from '../../errors.ts';
import { elements } from '../elements.ts';
import { add, cast, matmul, mul, neg, reciprocal, reduceSum, reshape, scale, shift, sqrt, sub } from '../functions.ts';
import type { Attributes, Operator, Value } from '../graph.ts';
import { axisOf, mismatch } from '../shapes.ts';

/** In inference form: y = scale·(x − mean)/√(variance + ε) + bias per channel, with all four given as tensors. */
const BatchNormalization: Operator = {
  type: 'BatchNormalization',
  infer(inputs) {
    const [x, ...perChannel] = inputs;
    for (const v of perChannel) {
      if (v.shape.length !== 1 || v.shape[0] !== x.shape[1])
        throw mismatch('BatchNormalization', 'differ in channels', x, v);
    }
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  gradient({ node, gradients: [g], wanted }) {
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
};

const perChannel = (x: Value, factor: Value) =>
  mul(
    x,
    reshape(
      factor,
      x.shape.map((extent, i) => (i === 1 ? extent : 1)),
    ),
  );

const Softmax: Operator = {
  type: 'Softmax',
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  // ∂L/∂x = y ⊙ (g − Σ y ⊙ g)
  gradient({ node, gradients: [g] }) {
    const [y] = node.outputs;
    const axis = (node.attributes.axis as number | undefined) ?? -1;
    const inner = reduceSum(mul(g!, y), [axis < 0 ? axis + y.shape.length : axis], true);
    return [mul(y, add(g!, neg(inner)))];
  },
};

/** Rows and their length: the axes from `axis` on are normalised together. */
function rowsOf({ shape }: Value, { axis = -1 }: Attributes) {
  const first = axisOf('LayerNormalization', axis as number, shape.length);
  return { first, rows: elements(shape.slice(0, first)), width: elements(shape.slice(first)) };
}

/**
 * y = scale·x̂ + bias with x̂ = (x − mean)/√(variance + ε), every row by its own mean and variance; the mean and the inverse
 * deviation are its second and third outputs, in float32 whatever x is. With γ the scale and n the row's length:
 *   t = g ⊙ x̂,  dγ = Σ_rows t,  dβ = Σ_rows g,  dx = (γ ⊙ g − gᵀγ/n − x̂·tᵀγ/n) / σ,
 * where the two means over a row are products with the vector γ/n: no pass more than reading g and t once.
 */
const LayerNormalization: Operator = {
  type: 'LayerNormalization',
  infer([x, gamma, beta], attributes) {
    const { first } = rowsOf(x, attributes);
    for (const v of beta ? [gamma, beta] : [gamma]) {
      if (`${v.shape}` !== `${x.shape.slice(first)}`) throw mismatch('LayerNormalization', 'do not fit', x, v);
    }
    const statistic = { dtype: 'float32' as const, shape: x.shape.map((extent, i) => (i < first ? extent : 1)) };
    return [{ dtype: x.dtype, shape: x.shape }, statistic, statistic];
  },
  gradient({ node, gradients: [given, dmean, dinverse], wanted }) {
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

export const operators = [BatchNormalization, Softmax, LayerNormalization];
