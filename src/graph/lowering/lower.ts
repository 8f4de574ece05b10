import { type Geometry, geometryOf } from '../attributes.ts';
import { add, convTranspose, flip, gemm, like, max, reshape, transpose, transposed } from '../functions.ts';
import type { Node, Value } from '../graph.ts';
import { needed, type Outputs } from '../needed.ts';
import { createGraph } from '../ops/index.ts';
import { borderShare, convolutionByColumns, fits, transposedByColumns } from './columns.ts';
import type { ConvolutionForm, Forms } from './forms.ts';
import { transposeApart } from './transpose-apart.ts';
import { convolutionByTiles, hasTiles } from './winograd.ts';

/** What replaces a node: a value of the new graph, or undefined to keep the node. */
type Rule = (
  node: Node,
  inputs: readonly Value[],
  /** The new graph's node that made a value, if it was kept. */
  producer: (value: Value) => Node | undefined,
) => Value | undefined;

/**
 * The same model with its convolutions and products in the forms that suit an engine. Models are built, differentiated
 * and exported as they are; lowering is the last step before a model is compiled.
 */
export function lower(outputs: Outputs, forms: Forms): Outputs {
  const formed = rewritten(outputs, (node, inputs, producer) => inForm(node, inputs, forms, producer));
  if (forms.transpose === 'direct') return formed;
  // The forms above add transpositions of their own.
  return rewritten(formed, ({ operator, attributes }, [x]) =>
    operator.type === 'Transpose' ? transposeApart(x, attributes.perm as number[]) : undefined,
  );
}

/** The same model with what `rule` gives in place of nodes. */
export function rewritten(outputs: Outputs, rule: Rule): Outputs {
  const { graph } = Object.values(outputs)[0];
  const { nodes, values } = needed(outputs);
  const fresh = createGraph();
  const counterpart = new Map<Value, Value>();
  const producer = new Map<Value, Node>();
  for (const value of graph.inputs) {
    if (values.has(value)) counterpart.set(value, fresh.input(value.name, value.shape, value.dtype));
  }
  for (const value of graph.constants) {
    if (values.has(value)) counterpart.set(value, fresh.constant(value.data!, value.shape, value.name, value.dtype));
  }
  for (const node of nodes) {
    const inputs = node.inputs.map((input) => counterpart.get(input)!);
    const other = rule(node, inputs, (value) => producer.get(value));
    const made = other ? [other] : fresh.apply(node.operator.type, inputs, node.attributes);
    if (!other) for (const output of made) producer.set(output, fresh.nodes.at(-1)!);
    node.outputs.forEach((output, k) => counterpart.set(output, made[k]));
  }
  return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, counterpart.get(value)!]));
}

/** The node's result in the preferred form; undefined to keep the node. Products in float16 are kept. */
function inForm(
  node: Node,
  inputs: readonly Value[],
  forms: Forms,
  producer: (value: Value) => Node | undefined,
): Value | undefined {
  const { type } = node.operator;
  // Forms are measured in float32, and onnxruntime-node's products of float16 are less exact than its convolutions.
  if (type !== 'Sum' && node.outputs[0].dtype !== 'float32') return undefined;
  switch (type) {
    case 'MatMul':
      return forms.product === 'gemm' ? asGemm(inputs, forms, producer) : undefined;
    case 'Sum':
      return forms.sum === 'adds' ? inputs.reduce((total, next) => add(total, next)) : undefined;
    case 'Relu':
      return forms.relu === 'max' && !fused(inputs[0], producer) ? max(inputs[0], like(inputs[0], 0)) : undefined;
    case 'Conv':
      return convolution(node, inputs, forms);
    case 'ConvTranspose':
      return spread(node, inputs, forms);
    default:
      return undefined;
  }
}

/** Whether ORT fuses a Relu of x into a convolution, with or without a constant batch norm between them. */
function fused(x: Value, producer: (value: Value) => Node | undefined): boolean {
  const before = producer(x);
  if (before?.operator.type !== 'BatchNormalization') return before?.operator.type === 'Conv';
  const [normalised, ...statistics] = before.inputs;
  return statistics.every(({ data }) => data) && producer(normalised)?.operator.type === 'Conv';
}

function convolution(node: Node, [x, w, bias]: readonly Value[], forms: Forms): Value | undefined {
  const g = geometryOf(node.operator.type, node.attributes);
  if (g.group! > 1) return undefined;
  const extent = node.outputs[0].shape.slice(2);
  const positions = extent[0] * extent[1];
  const many = positions > forms.smallest ? forms.largeImages : forms.smallImages;
  const allowed: Record<ConvolutionForm, boolean> = {
    direct: true,
    transposed: g.strides.every((stride) => stride === 1) && turnedPads(w, g).every((pad) => pad >= 0),
    columns: fits(positions, w.shape[2] * w.shape[3]),
    tiles: hasTiles(w, g, extent),
  };
  const preferred = (w.data && forms.constantKernels) ?? (x.shape[0] === 1 ? oneImage(x, w, g, extent, forms) : many);
  const form = preferred.find((candidate) => allowed[candidate]);
  if (form === undefined || form === 'direct') return undefined;
  const y = {
    columns: () => convolutionByColumns(x, w, g, extent, forms),
    transposed: () => turned(x, w, g),
    tiles: () => convolutionByTiles(x, w, g, extent),
  }[form]();
  return bias ? add(y, reshape(bias, [1, bias.shape[0], 1, 1])) : y;
}

function oneImage(
  x: Value,
  w: Value,
  g: Geometry,
  extent: readonly number[],
  forms: Forms,
): readonly ConvolutionForm[] {
  const { border = 1 } = forms;
  return border < 1 && borderShare(x, w, g, extent) >= border ? ['columns', ...forms.oneImage] : forms.oneImage;
}

function spread(node: Node, [x, w, bias]: readonly Value[], forms: Forms): Value | undefined {
  const g = geometryOf(node.operator.type, node.attributes);
  const positions = x.shape[2] * x.shape[3];
  if (g.group! > 1 || forms.spread[0] === 'direct' || positions > forms.smallest) return undefined;
  const y = transposedByColumns(x, w, g, node.outputs[0].shape.slice(2), forms.product);
  return bias ? add(y, reshape(bias, [1, bias.shape[0], 1, 1])) : y;
}

/**
 * A product of two matrices as Gemm. An operand that is the output of a Transpose is replaced by its input; where transposing is
 * cheap, a second operand that is not is transposed, because both are then read along memory.
 */
function asGemm([a, b]: readonly Value[], forms: Forms, producer: (value: Value) => Node | undefined) {
  if (a.shape.length !== 2 || b.shape.length !== 2) return undefined;
  const before = (x: Value) => {
    const node = producer(x);
    return node?.operator.type === 'Transpose' ? node.inputs[0] : undefined;
  };
  const [first, second] = [before(a), before(b) ?? (forms.transpose === 'apart' ? transposed(b) : undefined)];
  if (!first && !second) return undefined;
  return gemm(first ?? a, second ?? b, undefined, { transA: first !== undefined, transB: second !== undefined });
}

/** A convolution of stride 1 as a transposed one with the kernel rotated by 180°. */
function turned(x: Value, w: Value, g: Geometry): Value {
  return convTranspose(x, flip(transpose(w, [1, 0, 2, 3]), [2, 3]), { ...g, pads: turnedPads(w, g) });
}

const turnedPads = (w: Value, g: Geometry) =>
  g.pads.map((pad, k) => g.dilations[k % 2] * (w.shape[(k % 2) + 2] - 1) - pad);
