import type { Node, Value } from './graph.ts';

/** The outputs of a model, by name. */
export type Outputs = Readonly<Record<string, Value>>;

/** What `outputs` depend on: the nodes, in order, and every value they read or make. */
export function needed(outputs: Outputs): { readonly nodes: readonly Node[]; readonly values: ReadonlySet<Value> } {
  const { graph } = Object.values(outputs)[0];
  const values = new Set<Value>(Object.values(outputs));
  const nodes: Node[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((output) => values.has(output))) continue;
    for (const input of node.inputs) values.add(input);
    nodes.push(node);
  }
  return { nodes: nodes.reverse(), values };
}
