import { BagsslError } from '../../base/errors.ts';
import * as f from '../functions.ts';
import { elements, type Value } from '../graph.ts';
import { constantIntegers, mismatch } from '../shapes.ts';
import { floatOf, reduce, type Translation } from './operation.ts';
import { resized } from './resize.ts';

/** An operator that occurs in files and in no graph. */
interface Foreign {
  /** As in `Operator`. */
  readonly settings: readonly number[];
  /** Expresses it by operators that a graph holds. */
  readonly translate: Translation;
}

/** An operator without settings. */
const plain = (translate: Translation): Foreign => ({ settings: [], translate });

/** For operators that fold.ts computes, if their operands are not constant. */
const ofConstants: Translation = ({ type }) => {
  throw new BagsslError(
    'unsupported-operator',
    `${type} of operands that are not constant: shapes in a graph are static.`,
  );
};

/** Per-channel numbers of shape [C] beside x [N, C, …]. */
const alongChannels = (v: Value, x: Value) => f.reshape(v, [v.shape[0], ...x.shape.slice(2).map(() => 1)]);

export const FOREIGN: Readonly<Record<string, Foreign>> = {
  ConstantOfShape: { settings: [0], translate: ofConstants },
  Range: { settings: [0, 1, 2], translate: ofConstants },
  /** In inference dropout does nothing; its mask, a second output, is not provided. */
  Dropout: { settings: [1, 2], translate: ({ inputs }) => [inputs[0]!] },

  Mean: plain(({ inputs }) => [f.scale((inputs as Value[]).reduce(f.add), 1 / inputs.length)]),
  Less: plain(({ inputs: [a, b] }) => [f.greater(b!, a!)]),
  PRelu: plain(({ inputs: [x, slope] }) => {
    const zero = f.like(x!, 0);
    return [f.where(f.greater(x!, zero), x!, f.mul(x!, slope!))];
  }),
  Selu: plain(({ inputs: [x], attributes: { alpha, gamma } }) => [
    f.scale(f.elu(x!, floatOf(alpha, 1.6732632)), floatOf(gamma, 1.050701)),
  ]),

  /** max(0, x) + min(0, α(eˣᐟᵅ − 1)), which is α·Elu(x/α). */
  Celu: plain(({ inputs: [x], attributes: { alpha } }) => {
    const a = floatOf(alpha, 1);
    return [f.scale(f.elu(f.scale(x!, 1 / a)), a)];
  }),

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
  /** Each channel of each sample by its own mean and variance: a layer norm of its positions, then γ and β. */
  InstanceNormalization: plain(({ graph, inputs: [x, gamma, beta], attributes: { epsilon } }) => {
    const [n, c, ...space] = x!.shape;
    const count = elements(space);
    const flat = (v: number) => graph.floats(new Float32Array(count).fill(v), [count], x!.dtype);
    const rows = f.layerNormalization(f.reshape(x!, [n * c, count]), flat(1), flat(0), floatOf(epsilon, 1e-5));
    const normal = f.reshape(rows, x!.shape);
    return [f.add(f.mul(normal, alongChannels(gamma!, x!)), alongChannels(beta!, x!))];
  }),

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
