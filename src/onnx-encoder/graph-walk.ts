import { FILE_GRAPH, type FoundNode } from '../graph/file-proto.ts';
import { readMessage } from '../graph/protobuf/read.ts';
import type { ModelSignature } from './model-signature.ts';

/** Graphs inside nodes that are looked into. */
const MOST_NESTED = 16;
/** How far back a constant is looked for, nodes. */
const FAR = 16;

/** The node that makes each value. */
export function producersOf(nodes: readonly FoundNode[]): Map<string, FoundNode> {
  const producers = new Map<string, FoundNode>();
  for (const node of nodes) for (const name of node.output) if (name) producers.set(name, node);
  return producers;
}

/** The nodes that values are computed from, and every name that these read. */
export interface Needed {
  readonly nodes: ReadonlySet<FoundNode>;
  readonly names: ReadonlySet<string>;
}

/** @param given a value that is given, so that what it is computed from is not needed */
export function neededFor(nodes: readonly FoundNode[], outputs: readonly string[], given?: string): Needed {
  const producers = producersOf(nodes);
  if (given !== undefined) producers.delete(given);
  const needed = new Set<FoundNode>();
  const read = new Set<string>();
  const names = [...outputs];
  for (let name = names.pop(); name !== undefined; name = names.pop()) {
    read.add(name);
    const node = producers.get(name);
    if (!node || needed.has(node)) continue;
    needed.add(node);
    for (const each of readsOf(node)) names.push(each);
  }
  return { nodes: needed, names: read };
}

/** The names that a node reads, those in its graphs too, whether or not they come from outside. */
function readsOf({ input, attribute }: FoundNode, depth = 0): readonly string[] {
  const inside = attribute.flatMap(({ g }) => {
    if (!g || depth >= MOST_NESTED) return [];
    const graph = readMessage(FILE_GRAPH, g);
    return [...graph.node.flatMap((node) => readsOf(node, depth + 1)), ...graph.output.map(({ name = '' }) => name)];
  });
  return [...input, ...inside];
}

/** Whether a value is the same in every run: a weight, a Constant, or computed from such alone. */
export function constantsOf(
  { tensors }: Pick<ModelSignature, 'tensors'>,
  producers: ReadonlyMap<string, FoundNode>,
): (name: string) => boolean {
  const known = new Map<string, boolean>();
  const isConstant = (name: string, depth = 0): boolean => {
    if (tensors.has(name)) return true;
    const seen = known.get(name);
    if (seen !== undefined) return seen;
    known.set(name, false); // for a cycle, which no valid model has
    const node = producers.get(name);
    const found =
      node !== undefined &&
      depth < FAR &&
      (node.opType === 'Constant' ||
        (node.input.length > 0 && node.input.every((each) => each === '' || isConstant(each, depth + 1))));
    known.set(name, found);
    return found;
  };
  return (name) => isConstant(name);
}
