import { BagsslError } from '../../base/errors.ts';
import * as f from '../functions.ts';
import type { Value } from '../graph.ts';
import { constantIntegers, mismatch } from '../shapes.ts';
import { ACTIVATIONS } from './activations.ts';
import { attention } from './attention.ts';
import { einsum } from './einsum.ts';
import { FUSED } from './fused.ts';
import { NORMALISERS } from './normalisers.ts';
import { type Foreign, plain, reduce, type Translation } from './operation.ts';
import { resized } from './resize.ts';

/** For operators that fold.ts computes, if their operands are not constant. */
const ofConstants: Translation = ({ type }) => {
  throw new BagsslError(
    'unsupported-operator',
    `${type} of operands that are not constant: shapes in a graph are static.`,
  );
};

const not = (x: Value) => f.cast(f.shift(f.neg(f.cast(x, 'float32')), 1), 'bool');

export const FOREIGN: Readonly<Record<string, Foreign>> = {
  ...ACTIVATIONS,
  ...NORMALISERS,
  ...FUSED,
  ConstantOfShape: { settings: [0], translate: ofConstants },
  Range: { settings: [0, 1, 2], translate: ofConstants },
  /** In inference dropout does nothing; its mask, a second output, is not provided. */
  Dropout: { settings: [1, 2], translate: ({ inputs }) => [inputs[0]!] },

  Mean: plain(({ inputs }) => [f.scale((inputs as Value[]).reduce(f.add), 1 / inputs.length)]),
  Less: plain(({ inputs: [a, b] }) => [f.greater(b!, a!)]),
  GreaterOrEqual: plain(({ inputs: [a, b] }) => [not(f.greater(b!, a!))]),
  LessOrEqual: plain(({ inputs: [a, b] }) => [not(f.greater(a!, b!))]),
  Not: plain(({ inputs: [x] }) => [not(x!)]),
  /** Anything but NaN has an absolute value above −1. PyTorch writes it after the softmax of attention. */
  IsNaN: plain(({ inputs: [x] }) => [not(f.greater(f.abs(x!), f.like(x!, -1)))]),
  CastLike: plain(({ inputs: [x, like] }) => [f.cast(x!, like!.dtype)]),
  Einsum: plain(einsum),
  Attention: plain(attention),

  ReduceMin: plain(reduce((x, axes, keep) => f.neg(f.reduceMax(f.neg(x), axes, keep)))),
  ReduceL1: plain(reduce((x, axes, keep) => f.reduceSum(f.abs(x), axes, keep))),
  ReduceL2: plain(reduce((x, axes, keep) => f.sqrt(f.reduceSumSquare(x, axes, keep)))),
  GlobalMaxPool: plain(({ inputs: [x] }) => [
    f.reduceMax(
      x!,
      x!.shape.flatMap((_, i) => (i < 2 ? [] : [i])),
      true,
    ),
  ]),
  ReduceLogSum: plain(reduce((x, axes, keep) => f.log(f.reduceSum(x, axes, keep)))),
  ReduceLogSumExp: plain(reduce((x, axes, keep) => f.log(f.reduceSum(f.exp(x), axes, keep)))),

  Tile: {
    settings: [1],
    translate({ inputs: [x, repeats] }) {
      const times = constantIntegers('Tile', repeats!);
      if (times.length !== x!.shape.length || times.some((n) => n < 1))
        throw mismatch('Tile', `cannot repeat by [${times}]`, x!);
      const apart = x!.shape.flatMap((extent) => [1, extent]);
      const spread = f.expand(
        f.reshape(x!, apart),
        x!.shape.flatMap((extent, i) => [times[i], extent]),
      );
      return [
        f.reshape(
          spread,
          x!.shape.map((extent, i) => extent * times[i]),
        ),
      ];
    },
  },
  SpaceToDepth: plain(({ inputs: [x], attributes: { blocksize } }) => {
    const [n, c, h, w] = x!.shape;
    const b = blocksize as number;
    const apart = f.transpose(f.reshape(x!, [n, c, h / b, b, w / b, b]), [0, 3, 5, 1, 2, 4]);
    return [f.reshape(apart, [n, c * b * b, h / b, w / b])];
  }),
  DepthToSpace: plain(({ inputs: [x], attributes: { blocksize, mode = 'DCR' } }) => {
    const [n, c, h, w] = x!.shape;
    const b = blocksize as number;
    const inner = c / (b * b);
    const woven =
      mode === 'CRD'
        ? f.transpose(f.reshape(x!, [n, inner, b, b, h, w]), [0, 1, 4, 2, 5, 3])
        : f.transpose(f.reshape(x!, [n, b, b, inner, h, w]), [0, 3, 4, 1, 5, 2]);
    return [f.reshape(woven, [n, inner, h * b, w * b])];
  }),
  Upsample: { settings: [1], translate: resized },
  Resize: { settings: [1, 2, 3], translate: resized },
};
