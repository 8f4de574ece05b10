import * as f from '../functions.ts';
import type { Value } from '../graph.ts';
import { axisOf, constantIntegers, mismatch } from '../shapes.ts';
import type { FileAttribute } from './nodes.ts';
import { asItIs, axesOf, floatOf, listOf, reduce, scalarOf, type Translation } from './operation.ts';
import { windowed } from './windows.ts';

/** Applies an operator of any number of operands to two at a time. */
const chained =
  (of: (a: Value, b: Value) => Value): Translation =>
  ({ inputs }) => [(inputs as Value[]).reduce(of)];

/** Until opset 12 all axes from `axis` on were taken together. */
const alongRows: Translation = (operation) => {
  const { type, graph, inputs, opset, attributes } = operation;
  const x = inputs[0]!;
  if (opset >= 13) return asItIs(operation);
  const axis = axisOf(type, (attributes.axis as number | undefined) ?? 1, x.shape.length);
  if (axis === x.shape.length - 1) return graph.apply(type, [x], { axis });
  return [f.reshape(graph.apply(type, [f.flatten(x, axis)], { axis: 1 })[0], x.shape)];
};

/** A graph's own operators that files may write in other forms than a graph does: older opsets, defaults, special cases. */
export const OWN: Readonly<Record<string, Translation>> = {
  Identity: ({ inputs }) => [inputs[0]!],
  Cast: (operation) => {
    const x = operation.inputs[0]!;
    // Half floats stay half: a file is written in float32, and may be computed in half.
    return operation.attributes.to === 1 && x.dtype.startsWith('float') ? [x] : asItIs(operation);
  },

  Sum: chained(f.add),
  Max: chained(f.max),
  Min: chained(f.min),
  Pow({ inputs: [x, exponent] }) {
    const power = scalarOf('The exponent of Pow', exponent!);
    if (power === 1) return [x!];
    if (power === 2) return [f.mul(x!, x!)];
    return [power === 0.5 ? f.sqrt(x!) : f.pow(x!, f.like(x!, power))];
  },
  Clip({ inputs: [x, low, high], attributes: { min, max } }) {
    const limit = (operand: Value | undefined, attribute: FileAttribute | undefined, otherwise: number) =>
      operand ? scalarOf('A limit of Clip', operand) : floatOf(attribute, otherwise);
    const largest = 3.4028234663852886e38;
    const [from, to] = [limit(low, min, -largest), limit(high, max, largest)];
    if (from <= -largest && to >= largest) return [x!];
    return [from === 0 && to >= largest ? f.relu(x!) : f.clip(x!, from, to)];
  },
  Softmax: alongRows,
  LogSoftmax: alongRows,
  // ONNX Runtime writes it into files of older opsets than 17, too.
  LayerNormalization: asItIs,

  ReduceSum: reduce(f.reduceSum),
  ReduceMean: reduce(f.reduceMean),
  ReduceMax: reduce(f.reduceMax),
  ReduceSumSquare: reduce(f.reduceSumSquare),

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
    const parts = listOf(attributes.split) ?? (extents && constantIntegers('Split', extents)) ?? equal();
    return graph.apply('Split', [x!, graph.integers(parts)], { axis: along });
  },
  Slice(operation) {
    const { graph, inputs, attributes } = operation;
    const { starts, ends, axes } = attributes;
    if (!starts) {
      const [x, from, to, along, steps] = inputs;
      const order = along ?? graph.integers(constantIntegers('Slice', from!).map((_, i) => i));
      return graph.apply('Slice', [x!, from!, to!, order, ...(steps ? [steps] : [])]);
    }
    const given = [starts, ends, axes].flatMap((attribute) => (attribute ? [graph.integers(listOf(attribute)!)] : []));
    return graph.apply('Slice', [inputs[0]!, ...given]);
  },
  Pad({ inputs: [x, pads, value, along], attributes }) {
    const given = listOf(attributes.pads) ?? constantIntegers('Pad', pads!);
    const rank = x!.shape.length;
    const axes = along && constantIntegers('Pad', along).map((axis) => axisOf('Pad', axis, rank));
    const side = (start: number) => x!.shape.map((_, i) => given[start + (axes?.indexOf(i) ?? 0)] ?? 0);
    const only = axes && [0, axes.length].map((start) => side(start).map((n, i) => (axes.includes(i) ? n : 0)));
    const amounts = only && given.length === 2 * axes.length ? only.flat() : given;
    if (amounts.length !== 2 * rank) throw mismatch('Pad', `needs ${2 * rank} amounts, not [${amounts}]`, x!);
    const fill = value ? scalarOf('The value of Pad', value) : floatOf(attributes.value, 0);
    const mode = (attributes.mode as string | undefined) ?? 'constant';
    return [padded(x!, amounts.slice(0, rank), amounts.slice(rank), mode, fill)];
  },

  Conv: windowed,
  ConvTranspose: windowed,
  MaxPool: windowed,
  AveragePool: windowed,
};

/** Pads a tensor along every axis; negative amounts crop it. */
function padded(x: Value, before: readonly number[], after: readonly number[], mode: string, value: number): Value {
  const axes = x.shape.map((_, i) => i);
  const cut = f.slice(
    x,
    axes,
    before.map((n) => Math.max(0, -n)),
    after.map((n, i) => x.shape[i] - Math.max(0, -n)),
  );
  const [lead, trail] = [before, after].map((amounts) => amounts.map((n) => Math.max(0, n)));
  if (mode === 'constant') return f.pad(cut, lead, trail, value);
  if (mode !== 'edge' && mode !== 'reflect' && mode !== 'wrap')
    throw mismatch('Pad', `cannot be padded in mode "${mode}"`, x);
  return axes.reduce((y, axis) => bordered(y, axis, lead[axis], trail[axis], mode), cut);
}

/** Continues one axis beyond its ends: by its last element repeated, mirrored there, or by its other end. */
function bordered(x: Value, axis: number, lead: number, trail: number, mode: 'edge' | 'reflect' | 'wrap'): Value {
  const extent = x.shape[axis];
  if (mode === 'wrap') {
    if (lead === 0 && trail === 0) return x;
    const places = Array.from({ length: lead + extent + trail }, (_, i) => (((i - lead) % extent) + extent) % extent);
    return f.gather(x, places, axis);
  }
  if (mode === 'reflect' && Math.max(lead, trail) >= extent) {
    throw mismatch('Pad', `is too small along axis ${axis} to be mirrored by ${lead} and ${trail}`, x);
  }
  const part = (from: number, to: number) => f.slice(x, [axis], [from], [to]);
  const repeated = (piece: Value, count: number) =>
    f.expand(
      piece,
      piece.shape.map((e, i) => (i === axis ? count : e)),
    );
  const border = (count: number, edge: Value, mirrored: () => Value) => {
    if (count === 0) return [];
    return [mode === 'edge' ? repeated(edge, count) : f.flip(mirrored(), [axis])];
  };
  return f.concat(
    [
      ...border(lead, part(0, 1), () => part(1, lead + 1)),
      x,
      ...border(trail, part(extent - 1, extent), () => part(extent - 1 - trail, extent - 1)),
    ],
    axis,
  );
}
