import { FILE_GRAPH, FILE_MODEL, FILE_NODE, type FoundNode } from '../graph/file-proto.ts';
import { ATTRIBUTE_TYPE, VALUE_INFO } from '../graph/onnx-proto.ts';
import { readMessage } from '../graph/protobuf/read.ts';
import { fieldsOf } from '../graph/protobuf/walk.ts';
import { delimited, joined, writeMessage } from '../graph/protobuf/write.ts';
import { type PlainNode, plainQuantiser } from './quantisers.ts';

const [GRAPH] = FILE_MODEL.graph;
const [NODE] = FILE_GRAPH.node;
const [INPUT] = FILE_GRAPH.input;
const [OUTPUT] = FILE_GRAPH.output;

/** Graphs inside nodes that are looked into. */
const MOST_NESTED = 16;

/** A value that takes the place of a model's inputs. */
export interface NewInput {
  readonly name: string;
  /** ONNX's code of the type of its elements. */
  readonly type: number;
  /** Its axes, all of any extent. */
  readonly axes: number;
}

/**
 * A model with the nodes alone that one value needs, which is its only output. What ONNX Runtime cannot load is often at a model's
 * end, such as the selection of boxes by another engine's operator, or before its network, such as the decoder of a file. The quantisers of
 * QONNX are written in operators of ONNX.
 * @param input a value inside the graph that is given in place of the model's inputs
 */
export function neededPart(model: Uint8Array, output: string, input?: NewInput): Uint8Array {
  const { graph, opsetImport } = readMessage(FILE_MODEL, model);
  const nodes = graph?.node ?? [];
  const opset = opsetImport.find(({ domain = '' }) => domain === '' || domain === 'ai.onnx')?.version ?? 0;
  const needed = neededNodes(nodes, output, input?.name);
  const weights = new Set(graph?.initializer.map(({ name }) => name));
  let at = 0;
  const node = (raw: Uint8Array): readonly Uint8Array[] => {
    const found = nodes[at++];
    if (!needed.has(found)) return [];
    const plain = plainQuantiser(found, opset) ?? countedSplit(found, opset);
    return plain ? plain.flatMap((each) => delimited(NODE, [writeMessage(FILE_NODE, each)])) : [raw];
  };
  const pieces = [...fieldsOf(model)].flatMap(({ number, raw, content }) => {
    if (number !== GRAPH) return [raw];
    const parts = [...fieldsOf(content)].flatMap((field) => {
      if (field.number === NODE) return node(field.raw);
      if (field.number === OUTPUT) return [];
      if (field.number !== INPUT || !input) return [field.raw];
      return weights.has(readMessage(VALUE_INFO, field.content).name) ? [field.raw] : [];
    });
    return delimited(GRAPH, [
      ...parts,
      ...delimited(OUTPUT, [writeMessage(VALUE_INFO, { name: output })]),
      ...given(input),
    ]);
  });
  return joined(pieces);
}

/** From this opset on Split says how many parts it makes; earlier versions of ONNX Runtime took as many as it has outputs. */
const COUNTED_SINCE = 18;

function countedSplit(node: FoundNode, opset: number): readonly PlainNode[] | undefined {
  const { opType, input, output, attribute } = node;
  const isSaid = input.length > 1 || attribute.some(({ name }) => name === 'num_outputs');
  if (opType !== 'Split' || opset < COUNTED_SINCE || isSaid) return undefined;
  const count = { name: 'num_outputs', type: ATTRIBUTE_TYPE.INT, i: output.length };
  const axis = attribute.find(({ name }) => name === 'axis')?.i ?? 0;
  const attributes = [count, { name: 'axis', type: ATTRIBUTE_TYPE.INT, i: axis }];
  return [{ opType, input: [...input], output: [...output], attribute: attributes }];
}

function given(input: NewInput | undefined): readonly Uint8Array[] {
  if (!input) return [];
  const dim = Array.from({ length: input.axes }, (_, k) => ({ dimParam: `axis ${k}` }));
  const type = { tensorType: { elemType: input.type, shape: { dim } } };
  return delimited(INPUT, [writeMessage(VALUE_INFO, { name: input.name, type })]);
}

/** The nodes that a value is computed from. */
function neededNodes(nodes: readonly FoundNode[], output: string, input: string | undefined): ReadonlySet<FoundNode> {
  const producers = new Map<string, FoundNode>();
  for (const node of nodes) for (const name of node.output) if (name) producers.set(name, node);
  if (input !== undefined) producers.delete(input);
  const needed = new Set<FoundNode>();
  const names = [output];
  for (let name = names.pop(); name !== undefined; name = names.pop()) {
    const node = producers.get(name);
    if (!node || needed.has(node)) continue;
    needed.add(node);
    names.push(...readsOf(node));
  }
  return needed;
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
