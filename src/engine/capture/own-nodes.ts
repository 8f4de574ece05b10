import type { Node, Value } from '../../graph/graph.ts';
import { EXPRESSIONS, operandsOf, REDUCTIONS, repeated } from './expressions.ts';

/** Operators that only move elements. */
export const MOVES = new Set(['Transpose', 'Expand', 'Slice', 'Pad', 'Concat']);

/** A kernel binds so many tensors and a few more. */
const MOST_OPERANDS = 5;

const KNOWN = (type: string): boolean =>
  type in EXPRESSIONS || type in REDUCTIONS || MOVES.has(type) || type === 'BatchNormalization' || type === 'Identity';

/** Whether kernels of our own can compute a node: everything but matrix products, and what is left to ORT. */
function expressible({ operator, inputs, outputs: [y, ...more] }: Node): boolean {
  const types = [y, ...operandsOf({ inputs } as Node)].map(({ dtype }) => dtype);
  if (more.length > 0 || types.includes('int64')) return false;
  if (operator.type === 'Cast' && types.includes('bool')) return false;
  if (inputs.length > MOST_OPERANDS) return false;
  if (operator.type === 'Pad' && inputs[2] && repeated(inputs[2]) === undefined) return false;
  return operator.kind === 'renaming' || KNOWN(operator.type);
}

/** The nodes that our own kernels compute, by what they make, without `others`. Conditions stay among them: ORT keeps them as bytes. */
export function ownNodes(nodes: readonly Node[], others: ReadonlySet<Node> = new Set()): Map<Value, Node> {
  const left = new Set<Node>(others);
  for (;;) {
    const made = new Map<Value, Node>();
    for (const node of nodes) if (!left.has(node) && expressible(node)) made.set(node.outputs[0], node);
    const before = left.size;
    for (const node of nodes) {
      const own = made.has(node.outputs[0]);
      for (const value of node.inputs) {
        if (value.dtype !== 'bool' || made.has(value) === own) continue;
        if (own) left.add(node);
        else left.add(made.get(value)!);
      }
    }
    if (left.size === before) return made;
  }
}

/** Of these, the ones from which only such nodes follow: a step's end. */
export function lastOf(nodes: readonly Node[], made: ReadonlyMap<Value, Node>): Map<Value, Node> {
  const before = new Set<Value>();
  const last = new Map<Value, Node>();
  for (const node of nodes.toReversed()) {
    const [y] = node.outputs;
    if (made.has(y) && !before.has(y)) last.set(y, node);
    else for (const input of node.inputs) before.add(input);
  }
  const cut = [...last.values()].some((node) =>
    operandsOf(node).some((value) => value.dtype === 'bool' && !last.has(value)),
  );
  return cut ? new Map() : last;
}
