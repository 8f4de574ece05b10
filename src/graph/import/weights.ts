import { elements, type Graph, type Precision, type Value } from '../graph.ts';
import { fold } from './fold.ts';
import type { FileNode } from './nodes.ts';
import type { Tensor } from './read-tensor.ts';
import { isSetting } from './translate.ts';

/** The operands of BatchNormalization that are averages kept beside the weights: its mean and variance. */
export const STATISTICS: readonly number[] = [3, 4];

/** The operands of layers that are weights. Only as one of them a tensor that ConstantOfShape fills is a weight. */
const LEARNED: Readonly<Record<string, readonly number[]>> = {
  Conv: [1, 2],
  ConvTranspose: [1, 2],
  Gemm: [1, 2],
  MatMul: [1],
  BatchNormalization: [1, 2, 3, 4],
  InstanceNormalization: [1, 2],
  GroupNormalization: [1, 2],
  LayerNormalization: [1, 2],
  PRelu: [1],
};
/** Operators between such a tensor and the layer that reads it. */
const PASSING: readonly string[] = ['Reshape', 'Transpose', 'Squeeze', 'Unsqueeze', 'Identity', 'Cast'];

/** Operators that make a tensor of tensors. What they make is stored in the file as well, in another form. */
const STORING: readonly string[] = ['Constant', 'DequantizeLinear', 'Cast', 'Identity'];

/** The tensors of a part of a network. */
export interface Stored {
  /** Those of the file, and those that nodes make of them. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** The tensors that can be learned, and in what precision. */
  readonly weights: ReadonlyMap<string, Precision>;
  /** The nodes that are left. */
  readonly nodes: readonly FileNode[];
}

/**
 * Finds the tensors of `nodes` that can be learned: floating, with axes, read by a node, and by none as an operand that must be
 * constant, nor as part of one. Exporters keep weights in nodes too: Constant (paddle2onnx), ConstantOfShape (caffe2),
 * DequantizeLinear and Cast of narrower types.
 */
export function storedIn(
  graph: Graph,
  given: ReadonlyMap<string, Tensor>,
  nodes: readonly FileNode[],
  precision: Precision,
  spend: (elements: number) => void,
): Stored {
  const tensors = new Map(given);
  const learned = learnedNames(nodes);
  const store = (list: readonly FileNode[]): readonly FileNode[] =>
    list.flatMap((node) => {
      if (node.branches) {
        return [{ ...node, branches: node.branches.map((branch) => ({ ...branch, nodes: store(branch.nodes) })) }];
      }
      const { type, inputs, outputs, place } = node;
      if (!STORING.includes(type) && !(type === 'ConstantOfShape' && learned.has(outputs[0]))) return [node];
      const operands = inputs.map((name) => tensors.get(name) && ({ graph, name, ...tensors.get(name)! } as Value));
      if (operands.some((operand) => !operand) || outputs.length !== 1) return [node];
      // Integers that are cast are shapes and places.
      if (type === 'Cast' && !operands[0]!.dtype.startsWith('float')) return [node];
      const made = graph.from(place, () =>
        fold(type, { graph, inputs: operands as Value[], attributes: node.attributes() }, spend),
      );
      if (made?.length !== 1) return [node];
      tensors.set(outputs[0], made[0]);
      return [];
    });
  const left = store(nodes);
  const weights = new Map<string, Precision>();
  const constant = constantNames(left);
  eachNode(left, ({ type, inputs }) => {
    inputs.forEach((name, k) => {
      const tensor = tensors.get(name);
      if (!tensor || constant.has(name) || !['float32', 'float16'].includes(tensor.dtype)) return;
      // A file's own tensors are weights from one axis on; a Constant of one number is a number.
      if (tensor.shape.length === 0 || (!given.has(name) && elements(tensor.shape) < 2)) return;
      if (type !== 'BatchNormalization') weights.set(name, precision);
      else if (!STATISTICS.includes(k)) weights.set(name, weights.get(name) ?? 'float32');
    });
  });
  return { tensors, weights, nodes: left };
}

/** Every node, also those of branches, in an order of execution. */
function eachNode(nodes: readonly FileNode[], visit: (node: FileNode) => void): void {
  for (const node of nodes) {
    visit(node);
    for (const branch of node.branches ?? []) eachNode(branch.nodes, visit);
  }
}

/** The names of values that must be constant: settings of nodes, and whatever those are computed from. */
function constantNames(nodes: readonly FileNode[], names = new Set<string>()): Set<string> {
  for (const { type, inputs, outputs, branches } of nodes.toReversed()) {
    const all = outputs.some((name) => names.has(name));
    for (const branch of branches ?? []) {
      if (all) for (const name of branch.outputs) names.add(name);
      constantNames(branch.nodes, names);
    }
    // Of a value whose extents alone are read nothing needs to be constant.
    if (type === 'Shape' || type === 'Size') continue;
    inputs.forEach((name, k) => {
      if (name && (all || isSetting(type, k))) names.add(name);
    });
  }
  return names;
}

/** The names of values that layers read as their weights. */
function learnedNames(nodes: readonly FileNode[]): Set<string> {
  const names = new Set<string>();
  for (const { type, inputs, outputs } of nodes.toReversed()) {
    for (const k of LEARNED[type] ?? []) names.add(inputs[k] ?? '');
    if (PASSING.includes(type) && names.has(outputs[0])) names.add(inputs[0]);
  }
  return names;
}
