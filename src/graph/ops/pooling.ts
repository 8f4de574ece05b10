import { checkOptions, type Rules } from '../../base/options.ts';
import { numbers, poolOf } from '../attributes.ts';
import { graphOf, type Operator, type Value } from '../graph.ts';
import type { Unary } from './unary.ts';

const pooling = (type: string, since: number): Operator => ({
  type,
  since,
  kind: 'other',
  settings: [],
  infer: ([x], attributes) => [
    { dtype: x.dtype, shape: [...x.shape.slice(0, 2), ...poolOf(type, x, attributes).extent] },
  ],
});

export default [
  /** The largest element under the window. */
  pooling('MaxPool', 10),
  /** The mean under the window: of all its places with count_include_pad, else of those inside the image. */
  pooling('AveragePool', 7),
  {
    type: 'GlobalAveragePool',
    since: 1,
    kind: 'other',
    settings: [],
    infer: ([x]) => [{ dtype: x.dtype, shape: x.shape.map((extent, i) => (i < 2 ? extent : 1)) }],
  },
] satisfies Operator[];

/** Pooling geometry. */
export interface Window {
  /** Extents, one per axis. */
  readonly kernel: readonly number[];
  /** Steps of the window, one per axis, at least 1. */
  readonly strides: readonly number[];
  /** Padding around the input: all starts, then all ends. */
  readonly pads: readonly number[];
}

const two = /* @__PURE__ */ numbers(2, 1);
const WINDOW: Rules<Window> = { kernel: two, strides: two, pads: /* @__PURE__ */ numbers(4, 0) };

function pooled(type: string, of: string, x: Value, window: Window): Value {
  checkOptions(of, window, WINDOW);
  const { kernel, strides, pads } = window;
  return graphOf(x).apply(type, [x], { kernel_shape: kernel, strides, pads })[0];
}

/** The largest element under each place of a window; places outside the image do not count. */
export const maxPool = (x: Value, window: Window): Value => pooled('MaxPool', 'maxPool', x, window);
/** The mean under each place of a window; places outside the image do not count. */
export const averagePool = (x: Value, window: Window): Value => pooled('AveragePool', 'averagePool', x, window);
/** The mean over all positions, [N,C,H,W] → [N,C,1,1]. */
export const globalAveragePool: Unary = (x) => graphOf(x).apply('GlobalAveragePool', [x])[0];
