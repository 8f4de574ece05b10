import { BagsslError } from '../../base/errors.ts';
import { elements } from '../elements.ts';
import * as f from '../functions.ts';
import type { Attributes, Value } from '../graph.ts';
import { axisOf, constantIntegers, mismatch } from '../shapes.ts';
import type { Operation } from './operation.ts';
import { withPads } from './padding.ts';
import type { FileAttribute } from './parse.ts';
import { resized } from './resize.ts';
import { windowed } from './windows.ts';

type Translation = (operation: Operation) => readonly Value[];

/**
 * Appends to the graph what a node of any supported opset means, in operators that have a gradient rule. Most are the
 * same in all opsets and go over as they are.
 */
export function translate(operation: Operation): readonly Value[] {
  const { type, graph } = operation;
  const translation = Object.hasOwn(TRANSLATIONS, type) ? TRANSLATIONS[type] : undefined;
  if (translation) return translation(operation);
  if (!graph.operators.has(type)) {
    const known = [...new Set([...graph.operators.keys(), ...Object.keys(TRANSLATIONS)])].sort();
    throw new BagsslError(
      'unsupported-operator',
      `there is no gradient rule for ${type}. Supported are ${known.join(', ')}; end the network before it, or replace it.`,
    );
  }
  return applied(operation);
}

/** The operator as it stands. */
function applied({ type, graph, inputs, attributes }: Operation): readonly Value[] {
  const operands = inputs.slice(0, inputs.findLastIndex(Boolean) + 1);
  if (!operands.every((v) => v !== undefined)) {
    throw new BagsslError('unsupported-operator', `${type} with an operand left out before others is not supported.`);
  }
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'object' && ('tensor' in value || 'floats' in value)) {
      throw new BagsslError('unsupported-operator', `${type} with the attribute "${name}" is not supported.`);
    }
  }
  return graph.apply(type, operands as Value[], attributes as Attributes);
}

const list = (attribute: FileAttribute | undefined) => attribute as readonly number[] | undefined;
const float = (attribute: FileAttribute | undefined, otherwise: number) =>
  (attribute as { float: number } | undefined)?.float ?? otherwise;

/** The numbers of an operand that has to be known; undefined where it is left out. */
const known = (what: string, operand: Value | undefined) => operand && constantIntegers(what, operand);

/** A number that has to be known: a scalar, or a tensor of one element. */
function scalar(what: string, operand: Value): number {
  const values = constantIntegers(what, operand);
  if (values.length !== 1) throw mismatch(what, 'must hold one number', operand);
  return values[0];
}

/** Axes, which were an attribute before opset 13 (Squeeze, Unsqueeze, ReduceSum) and are an input since. */
const axesOf = ({ type, inputs, attributes }: Operation) => list(attributes.axes) ?? known(type, inputs[1]);

const reduce =
  (of: (x: Value, axes: readonly number[], keep: boolean) => Value): Translation =>
  (operation) => {
    const { inputs, attributes } = operation;
    const x = inputs[0]!;
    const asked = axesOf(operation) ?? [];
    if (!asked.length && attributes.noop_with_empty_axes === 1) return [x];
    const axes = asked.length
      ? asked.map((axis) => axisOf('A reduction', axis, x.shape.length))
      : x.shape.map((_, i) => i);
    return [of(x, axes, (attributes.keepdims ?? 1) === 1)];
  };

/** Operators of any number of operands, one after the other. */
const chained =
  (of: (a: Value, b: Value) => Value): Translation =>
  ({ inputs }) => [(inputs as Value[]).reduce(of)];

/** The mean of its operands. */
const mean: Translation = ({ inputs }) => [f.scale((inputs as Value[]).reduce(f.add), 1 / inputs.length)];

const unchanged: Translation = ({ inputs }) => [inputs[0]!];

/** Per-channel numbers of shape [C] beside x [N, C, …]. */
const alongChannels = (v: Value, x: Value) => f.reshape(v, [v.shape[0], ...x.shape.slice(2).map(() => 1)]);

const TRANSLATIONS: Readonly<Record<string, Translation>> = {
  Identity: unchanged,
  // In inference dropout does nothing; its mask is provided by nobody.
  Dropout: unchanged,
  Cast: (operation) => {
    const x = operation.inputs[0]!;
    // Half floats stay so: a file is written in float32, and may be computed in half.
    return operation.attributes.to === 1 && x.dtype.startsWith('float') ? [x] : applied(operation);
  },

  Sum: chained(f.add),
  Max: chained(f.max),
  Min: chained(f.min),
  Mean: mean,
  Less: ({ inputs: [a, b] }) => [f.greater(b!, a!)],
  Pow({ inputs: [x, exponent] }) {
    const power = scalar('The exponent of Pow', exponent!);
    if (power === 1) return [x!];
    if (power === 2) return [f.mul(x!, x!)];
    return [power === 0.5 ? f.sqrt(x!) : f.pow(x!, f.like(x!, power))];
  },
  Clip({ inputs: [x, low, high], attributes: { min, max } }) {
    const limit = (operand: Value | undefined, attribute: FileAttribute | undefined, otherwise: number) =>
      operand ? scalar('A limit of Clip', operand) : float(attribute, otherwise);
    const largest = 3.4028234663852886e38;
    const [from, to] = [limit(low, min, -largest), limit(high, max, largest)];
    if (from <= -largest && to >= largest) return [x!];
    return [from === 0 && to >= largest ? f.relu(x!) : f.clip(x!, from, to)];
  },
  PRelu({ inputs: [x, slope] }) {
    const zero = f.like(x!, 0);
    return [f.where(f.greater(x!, zero), x!, f.mul(x!, slope!))];
  },
  Selu({ inputs: [x], attributes: { alpha, gamma } }) {
    return [f.scale(f.elu(x!, float(alpha, 1.6732632)), float(gamma, 1.050701))];
  },
  Softmax(operation) {
    const { inputs, opset, attributes } = operation;
    const x = inputs[0]!;
    if (opset >= 13) return applied(operation);
    // Until opset 12 all axes from `axis` on were taken together.
    const axis = axisOf('Softmax', (attributes.axis as number | undefined) ?? 1, x.shape.length);
    const rows = f.flatten(x, axis);
    return axis === x.shape.length - 1 ? [f.softmax(x, axis)] : [f.reshape(f.softmax(rows, 1), x.shape)];
  },

  ReduceSum: reduce(f.reduceSum),
  ReduceMean: reduce(f.reduceMean),
  ReduceMax: reduce(f.reduceMax),
  ReduceMin: reduce((x, axes, keep) => f.neg(f.reduceMax(f.neg(x), axes, keep))),
  ReduceSumSquare: reduce(f.reduceSumSquare),
  ReduceL1: reduce((x, axes, keep) => f.reduceSum(f.abs(x), axes, keep)),
  ReduceL2: reduce((x, axes, keep) => f.sqrt(f.reduceSumSquare(x, axes, keep))),

  Squeeze(operation) {
    const x = operation.inputs[0]!;
    return [f.squeeze(x, axesOf(operation) ?? x.shape.flatMap((extent, i) => (extent === 1 ? [i] : [])))];
  },
  Unsqueeze: (operation) => [f.unsqueeze(operation.inputs[0]!, axesOf(operation)!)],
  Reshape({ inputs: [x, target], attributes: { allowzero } }) {
    const shape = constantIntegers('Reshape', target!);
    if (allowzero === 1 && shape.includes(0)) throw mismatch('Reshape', `cannot have the empty shape [${shape}]`, x!);
    return x!.graph.apply('Reshape', [x!, target!]);
  },
  Split({ graph, inputs: [x, extents], attributes, outputs }) {
    const along = axisOf('Split', (attributes.axis as number | undefined) ?? 0, x!.shape.length);
    const equal = () => {
      const part = Math.ceil(x!.shape[along] / outputs);
      return Array.from({ length: outputs }, (_, k) => Math.min(part, x!.shape[along] - k * part));
    };
    const parts = list(attributes.split) ?? known('Split', extents) ?? equal();
    return graph.apply('Split', [x!, graph.integers(parts)], { axis: along });
  },
  Slice(operation) {
    const { graph, inputs, attributes } = operation;
    const { starts, ends, axes } = attributes;
    if (!starts) return applied(operation);
    const given = [starts, ends, axes].flatMap((attribute) => (attribute ? [graph.integers(list(attribute)!)] : []));
    return graph.apply('Slice', [inputs[0]!, ...given]);
  },
  Pad({ inputs: [x, pads, value], attributes }) {
    const amounts = list(attributes.pads) ?? constantIntegers('Pad', pads!);
    const rank = x!.shape.length;
    if (amounts.length !== 2 * rank) throw mismatch('Pad', `needs ${2 * rank} amounts, not [${amounts}]`, x!);
    const fill = value ? scalar('The value of Pad', value) : float(attributes.value, 0);
    const mode = (attributes.mode as string | undefined) ?? 'constant';
    return [withPads(x!, amounts.slice(0, rank), amounts.slice(rank), mode, fill)];
  },
  Tile({ inputs: [x, repeats] }) {
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
  SpaceToDepth({ inputs: [x], attributes: { blocksize } }) {
    const [n, c, h, w] = x!.shape;
    const b = blocksize as number;
    const apart = f.transpose(f.reshape(x!, [n, c, h / b, b, w / b, b]), [0, 3, 5, 1, 2, 4]);
    return [f.reshape(apart, [n, c * b * b, h / b, w / b])];
  },
  DepthToSpace({ inputs: [x], attributes: { blocksize, mode = 'DCR' } }) {
    const [n, c, h, w] = x!.shape;
    const b = blocksize as number;
    const inner = c / (b * b);
    const woven =
      mode === 'CRD'
        ? f.transpose(f.reshape(x!, [n, inner, b, b, h, w]), [0, 1, 4, 2, 5, 3])
        : f.transpose(f.reshape(x!, [n, b, b, inner, h, w]), [0, 3, 4, 1, 5, 2]);
    return [f.reshape(woven, [n, inner, h * b, w * b])];
  },
  Upsample: resized,
  Resize: resized,

  Conv: windowed,
  ConvTranspose: windowed,
  MaxPool: windowed,
  AveragePool: windowed,
  GlobalMaxPool: ({ inputs: [x] }) => [
    f.reduceMax(
      x!,
      x!.shape.flatMap((_, i) => (i < 2 ? [] : [i])),
      true,
    ),
  ],
  /** Each channel of each sample by its own mean and variance: a layer norm of its positions, then γ and β. */
  InstanceNormalization({ graph, inputs: [x, gamma, beta], attributes: { epsilon } }) {
    const [n, c, ...space] = x!.shape;
    const count = elements(space);
    const flat = (v: number) => graph.floats(new Float32Array(count).fill(v), [count], x!.dtype);
    const rows = f.layerNormalization(f.reshape(x!, [n * c, count]), flat(1), flat(0), float(epsilon, 1e-5));
    const normal = f.reshape(rows, x!.shape);
    return [f.add(f.mul(normal, alongChannels(gamma!, x!)), alongChannels(beta!, x!))];
  },
};
