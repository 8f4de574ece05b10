import { reducedAxes } from '../../graph/attributes.ts';
import { add, mul, transpose } from '../../graph/functions.ts';
import type { Attributes, Node, Value } from '../../graph/graph.ts';
import { rewritten } from '../../graph/lowering/lower.ts';
import type { Outputs } from '../../graph/needed.ts';
import { REDUCTIONS, repeated } from './expressions.ts';

/** [N,C,H,W] → [N,H,W,C], and back. */
const LAST = [0, 2, 3, 1];
const FIRST = [0, 3, 1, 2];
/** Kernels of Conv [out,in,H,W] and of ConvTranspose [in,out,H,W] → [H,W,in,out], and back. */
const KERNELS = {
  Conv: [
    [2, 3, 1, 0],
    [3, 2, 0, 1],
  ],
  ConvTranspose: [
    [2, 3, 0, 1],
    [2, 3, 0, 1],
  ],
};

/**
 * The same model with the channels of images last, as ORT's convolutions on a GPU want them: a convolution turns what it reads and
 * makes by nodes of its own, which ORT drops, and all between convolutions computes on images with channels last.
 * @param kernels turn the kernels of convolutions too
 * @returns also the nodes that ORT must have with its convolutions
 */
export function channelsLast(
  outputs: Outputs,
  kernels = false,
): { readonly outputs: Outputs; readonly withOrt: ReadonlySet<Node> } {
  const withOrt = new Set<Node>();
  const origins = new Map<Value, Value>();
  const first = (x: Value): Value => {
    const y = transpose(x, FIRST);
    origins.set(y, x);
    return y;
  };
  const last = (x: Value): Value => origins.get(x) ?? transpose(x, LAST);
  const turned = (x: Value, perm: readonly number[]): Value => {
    const y = transpose(x, perm);
    withOrt.add(x.graph.nodes.at(-1)!);
    return y;
  };
  const isTurned = (x: Value) => origins.has(x);

  const made = rewritten(outputs, ({ operator, attributes, outputs: [y] }, inputs) => {
    const [x, ...rest] = inputs;
    switch (operator.type) {
      case 'Conv':
      case 'ConvTranspose': {
        const [there, back] = KERNELS[operator.type];
        const [w, ...bias] = rest;
        const filter = kernels ? turned(transpose(w, there), back) : w;
        const [filtered] = x.graph.apply(operator.type, [turned(last(x), FIRST), filter, ...bias], attributes);
        return first(turned(filtered, LAST));
      }
      case 'Transpose': {
        const origin = origins.get(x);
        const perm = attributes.perm as readonly number[] | undefined;
        return (
          origin &&
          perm &&
          transpose(
            origin,
            perm.map((axis) => FIRST[axis]),
          )
        );
      }
      case 'BatchNormalization': {
        const [gamma, beta, mean, variance] = rest;
        const plain = repeated(mean) === 0 && repeated(variance) === 1;
        const origin = origins.get(x);
        if (!origin || !plain || (attributes.epsilon as { float: number }).float !== 0) return undefined;
        return first(add(mul(origin, gamma), beta));
      }
      default:
    }
    if (operator.type in REDUCTIONS && isTurned(x))
      return reduced(origins.get(x)!, operator.type, inputs, attributes, first);
    if (operator.kind !== 'pointwise' || !inputs.some(isTurned)) return undefined;
    if (y.shape.length !== 4 || inputs.some(({ shape }) => shape.length !== 4 && shape.length !== 0)) return undefined;
    const operands = inputs.map((operand) => (operand.shape.length === 4 ? last(operand) : operand));
    return first(x.graph.apply(operator.type, operands, attributes)[0]);
  });
  return { outputs: made, withOrt };
}

/** The same reduction of an image with channels last; undefined where that would make its axes change places. */
function reduced(
  origin: Value,
  type: string,
  inputs: readonly Value[],
  attributes: Attributes,
  first: (x: Value) => Value,
): Value | undefined {
  const gone = reducedAxes(type, inputs, attributes);
  const axes = gone.map((axis) => FIRST[axis]).sort((a, b) => a - b);
  const rest = FIRST.filter((_, axis) => !gone.includes(axis));
  const keepdims = (attributes.keepdims as number | undefined) ?? 1;
  if (keepdims === 0 && rest.some((axis, k) => k > 0 && axis < rest[k - 1])) return undefined;
  const { graph } = origin;
  const named = type === 'ReduceSum' ? [origin, graph.integers(axes)] : [origin];
  const [y] = graph.apply(type, named, type === 'ReduceSum' ? { keepdims } : { keepdims, axes });
  return keepdims === 1 ? first(y) : y;
}
