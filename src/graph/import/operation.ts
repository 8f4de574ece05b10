import { BagsslError } from '../../base/errors.ts';
import type { Attributes, Graph, Value } from '../graph.ts';
import { axisOf, constantIntegers, mismatch } from '../shapes.ts';
import type { FileAttribute } from './nodes.ts';

/** A node of a file, its operands already in the graph; operands left out are undefined. */
export interface Operation {
  readonly type: string;
  readonly graph: Graph;
  /** The opset of the file. */
  readonly opset: number;
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Readonly<Record<string, FileAttribute>>;
  /** How many outputs the node has in the file. */
  readonly outputs: number;
}

/** Appends what a node means to the graph, and returns its outputs. */
export type Translation = (operation: Operation) => readonly Value[];

/** An operator that occurs in files and in no graph. */
export interface Foreign {
  /** As in `Operator`. */
  readonly settings: readonly number[];
  /** Expresses it by operators that a graph holds. */
  readonly translate: Translation;
}

/** An operator without settings. */
export const plain = (translate: Translation): Foreign => ({ settings: [], translate });

/** Appends the node as it is: it means the same in the file as in a graph. */
export function asItIs({ type, graph, inputs, attributes }: Operation): readonly Value[] {
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

/** A list of integers among the attributes. */
export const listOf = (attribute: FileAttribute | undefined) => attribute as readonly number[] | undefined;

/** A float among the attributes. */
export const floatOf = (attribute: FileAttribute | undefined, otherwise: number): number =>
  (attribute as { float: number } | undefined)?.float ?? otherwise;

/** A number that must be constant: a scalar, or a tensor of one element. */
export function scalarOf(what: string, operand: Value): number {
  const values = constantIntegers(what, operand);
  if (values.length !== 1) throw mismatch(what, 'must hold one number', operand);
  return values[0];
}

/** Axes, which were an attribute before opset 13 (Squeeze, Unsqueeze, ReduceSum) and are an input since. */
export const axesOf = ({ type, inputs, attributes }: Operation): readonly number[] | undefined =>
  listOf(attributes.axes) ?? (inputs[1] && constantIntegers(type, inputs[1]));

/** A reduction: over all axes if none are named. */
export const reduce =
  (of: (x: Value, axes: readonly number[], keep: boolean) => Value): Translation =>
  (operation) => {
    const { inputs, attributes } = operation;
    const x = inputs[0]!;
    const named = axesOf(operation) ?? [];
    if (!named.length && attributes.noop_with_empty_axes === 1) return [x];
    const axes = named.length
      ? named.map((axis) => axisOf('A reduction', axis, x.shape.length))
      : x.shape.map((_, i) => i);
    return [of(x, axes, (attributes.keepdims ?? 1) === 1)];
  };
