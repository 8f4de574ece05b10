import type { FoundNode } from '../graph/file-proto.ts';
import { constantsOf, neededFor, producersOf } from './graph-walk.ts';
import { CONVOLUTIONS, LAYERS, weightDims } from './last-layer.ts';
import type { ModelSignature, ModelValue } from './model-signature.ts';

/** What enlarges the deepest map of a detector's backbone. */
const ENLARGING = ['Resize', 'Upsample', 'ConvTranspose'];
const RESHAPING = ['Reshape', 'Flatten'];
/** Operators that select boxes, ONNX's own and those of other engines. */
const SELECTION = /NonMaxSuppression|NMS/i;
/** How far from an output its last layers are looked for, nodes in a row. */
const FAR = 400;

/** What is behind a value, up to the nearest layers. */
interface Behind {
  readonly layers: ReadonlySet<FoundNode>;
  /** All of it was brought into another shape. */
  readonly isReshaped: boolean;
}
const NOTHING: Behind = { layers: new Set(), isReshaped: false };

/**
 * The deepest map of a detector whose output says something of every box: what is enlarged first, or without such an operator the
 * input of the head with the most channels. Undefined where an output is none of a detector, as far as its operators show.
 */
export function deepMap(signature: ModelSignature, chosen: ModelValue): string | undefined {
  const { nodes, outputs } = signature;
  const producers = producersOf(nodes);
  const isConstant = constantsOf(signature, producers);
  let isAssembled = false;
  const known = new Map<FoundNode, Behind>();
  const behind = (name: string, depth = 0): Behind => {
    const node = producers.get(name);
    if (!node || depth > FAR || node.opType === 'Shape') return NOTHING;
    const seen = known.get(node);
    if (seen) return seen;
    known.set(node, NOTHING); // for a cycle, which no valid model has
    const found = LAYERS.has(node.opType ?? '') ? { layers: new Set([node]), isReshaped: false } : joined(node, depth);
    known.set(node, found);
    return found;
  };
  const joined = ({ opType = '', input }: FoundNode, depth: number): Behind => {
    const parts = input
      .filter((each) => each && !isConstant(each))
      .map((each) => behind(each, depth + 1))
      .filter(({ layers }) => layers.size > 0);
    const isReshaped = parts.length > 0 && parts.every((part) => part.isReshaped);
    // Boxes of several maps, or their places and classes, are put one behind the other.
    if (opType === 'Concat' && parts.length > 1 && isReshaped) isAssembled = true;
    const [first = NOTHING] = parts;
    const layers = parts.length > 1 ? new Set(parts.flatMap((part) => [...part.layers])) : first.layers;
    return { layers, isReshaped: isReshaped || RESHAPING.includes(opType) };
  };

  const { dims = [] } = chosen;
  const beside = outputs.filter((each) => each !== chosen && isOfSameBoxes(each, chosen));
  // Each map of a detector may have outputs of its own.
  const all = [chosen, ...outputs.filter((each) => each !== chosen && each.dims?.length === dims.length)];
  const needed = neededFor(
    nodes,
    all.map((each) => each.name),
  ).nodes;
  const selects = [...needed].some(({ opType = '' }) => SELECTION.test(opType));
  const heads = new Set(all.flatMap((each) => [...behind(each.name).layers]));
  const areConvolved = heads.size > 0 && [...heads].every(({ opType = '' }) => CONVOLUTIONS.includes(opType));
  const isOfBoxes =
    selects || (areConvolved && (dims.length === 3 ? isAssembled || beside.length > 0 : dims.length > 4));
  if (!isOfBoxes) return undefined;

  const enlarging = nodes.find((node) => {
    if (!needed.has(node) || !ENLARGING.includes(node.opType ?? '') || !producers.has(node.input[0])) return false;
    // Images may be resized before the network.
    const before = neededFor(nodes, [node.input[0]]).nodes;
    return [...before].some(({ opType = '' }) => CONVOLUTIONS.includes(opType));
  });
  if (enlarging) return enlarging.input[0];
  const depth = (head: FoundNode) => {
    const group = head.attribute.find((each) => each.name === 'group')?.i ?? 1;
    return (weightDims(signature, producers, head)?.[1] ?? 0) * group;
  };
  const deepest = [...heads]
    .filter(({ opType = '', input }) => CONVOLUTIONS.includes(opType) && producers.has(input[0]))
    .sort((a, b) => depth(b) - depth(a))[0];
  return deepest?.input[0];
}

/** Whether two outputs are [batch, boxes, numbers], of as many boxes, which the file says. */
function isOfSameBoxes({ dims = [] }: ModelValue, chosen: ModelValue): boolean {
  const [, boxes] = chosen.dims ?? [];
  return dims.length === 3 && chosen.dims?.length === 3 && dims[1] === boxes && boxes !== '' && boxes !== 1;
}
