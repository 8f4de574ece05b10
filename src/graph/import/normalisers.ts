import * as f from '../functions.ts';
import { elements, type Value } from '../graph.ts';
import { axisOf, mismatch } from '../shapes.ts';
import { type Foreign, floatOf, plain } from './operation.ts';
import { windowed } from './windows.ts';

/** Per-channel numbers of shape [C] beside x [N, C, …]. */
const alongChannels = (v: Value, x: Value) => f.reshape(v, [v.shape[0], ...x.shape.slice(2).map(() => 1)]);

/** Rows of x, each by its own mean and variance: a layer norm without γ and β. */
function normalRows(x: Value, rows: number, epsilon: number): Value {
  const count = elements(x.shape) / rows;
  const flat = (v: number) => x.graph.floats(new Float32Array(count).fill(v), [count], x.dtype);
  return f.reshape(f.layerNormalization(f.reshape(x, [rows, count]), flat(1), flat(0), epsilon), x.shape);
}

/** Below this a norm is no longer divided by: the gradient of a root is infinite at 0. */
const LEAST = 1e-24;

/** (Σ |x|ᵖ)¹ᐟᵖ from a function that sums. */
function normed(x: Value, p: number, total: (powers: Value) => Value): Value {
  if (p === 1) return total(f.abs(x));
  const powers = p === 2 ? f.mul(x, x) : f.pow(f.abs(x), f.like(x, p));
  const sum = f.max(total(powers), f.like(x, x.dtype === 'float16' ? 1e-7 : LEAST));
  return p === 2 ? f.sqrt(sum) : f.pow(sum, f.like(x, 1 / p));
}

export const NORMALISERS: Readonly<Record<string, Foreign>> = {
  /** Each channel of each sample by its own mean and variance, then γ and β. */
  InstanceNormalization: plain(({ inputs: [x, gamma, beta], attributes: { epsilon } }) => {
    const [n, c] = x!.shape;
    const normal = normalRows(x!, n * c, floatOf(epsilon, 1e-5));
    return [f.add(f.mul(normal, alongChannels(gamma!, x!)), alongChannels(beta!, x!))];
  }),

  /** Groups of channels; γ and β are one for each group in opset 18, one for each channel since 21. */
  GroupNormalization: plain(({ inputs: [x, gamma, beta], attributes: { epsilon, num_groups } }) => {
    const [n, c] = x!.shape;
    const groups = num_groups as number;
    if (!(groups >= 1 && c % groups === 0)) throw mismatch('GroupNormalization', `has no ${groups} equal groups`, x!);
    const normal = normalRows(x!, n * groups, floatOf(epsilon, 1e-5));
    const each = (v: Value) => {
      if (v.shape[0] === c) return alongChannels(v, x!);
      const spread = f.expand(f.reshape(v, [groups, 1]), [groups, c / groups]);
      return alongChannels(f.reshape(spread, [c]), x!);
    };
    return [f.add(f.mul(normal, each(gamma!)), each(beta!))];
  }),

  /** γ·x/√(mean x² + ε) over the axes from `axis` on. */
  RMSNormalization: plain(({ inputs: [x, gamma], attributes: { axis = -1, epsilon } }) => {
    const first = axisOf('RMSNormalization', axis as number, x!.shape.length);
    const axes = x!.shape.flatMap((_, i) => (i < first ? [] : [i]));
    const square = f.reduceMean(f.mul(x!, x!), axes, true);
    return [f.mul(f.div(x!, f.sqrt(f.shift(square, floatOf(epsilon, 1e-5)))), gamma!)];
  }),

  LpNormalization: plain(({ inputs: [x], attributes: { axis = -1, p = 2 } }) => {
    const along = axisOf('LpNormalization', axis as number, x!.shape.length);
    return [
      f.div(
        x!,
        normed(x!, p as number, (powers) => f.reduceSum(powers, [along], true)),
      ),
    ];
  }),

  /** x/(bias + α·mean of x² over `size` neighbouring channels)ᵝ. */
  LRN: plain(({ graph, inputs: [x], attributes: { alpha, beta, bias, size } }) => {
    const [n, c, ...space] = x!.shape;
    const before = Math.floor(((size as number) - 1) / 2);
    const [means] = graph.apply('AveragePool', [f.reshape(f.mul(x!, x!), [n, 1, c, elements(space)])], {
      kernel_shape: [size as number, 1],
      pads: [before, 0, (size as number) - 1 - before, 0],
      count_include_pad: 1,
    });
    const inner = f.shift(f.scale(f.reshape(means, x!.shape), floatOf(alpha, 1e-4)), floatOf(bias, 1));
    return [f.mul(x!, f.pow(inner, f.like(x!, -floatOf(beta, 0.75))))];
  }),

  LpPool: plain((operation) => {
    const { inputs, attributes } = operation;
    const { p = 2, ...window } = attributes;
    const count = elements(window.kernel_shape as readonly number[]);
    const pool = (powers: Value) =>
      windowed({
        ...operation,
        type: 'AveragePool',
        inputs: [powers],
        attributes: { ...window, count_include_pad: 1 },
      })[0];
    return [normed(inputs[0]!, p as number, (powers) => f.scale(pool(powers), count))];
  }),
  GlobalLpPool: plain(({ inputs: [x], attributes: { p = 2 } }) => {
    const space = x!.shape.flatMap((_, i) => (i < 2 ? [] : [i]));
    return [normed(x!, p as number, (powers) => f.reduceSum(powers, space, true))];
  }),
};
