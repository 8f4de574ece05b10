import { FILE_GRAPH, FILE_MODEL, FILE_NODE, type FoundNode } from '../graph/file-proto.ts';
import { ATTRIBUTE_TYPE, VALUE_INFO } from '../graph/onnx-proto.ts';
import { readMessage } from '../graph/protobuf/read.ts';
import { fieldsOf } from '../graph/protobuf/walk.ts';
import { delimited, joined, writeMessage } from '../graph/protobuf/write.ts';
import { neededFor } from './graph-walk.ts';
import type { PlainNode } from './plain-nodes.ts';
import { plainQuantiser } from './quantisers.ts';
import { steadied } from './random-nodes.ts';

const [GRAPH] = FILE_MODEL.graph;
const [NODE] = FILE_GRAPH.node;
const [INPUT] = FILE_GRAPH.input;
const [INITIALIZER] = FILE_GRAPH.initializer;
const [OUTPUT] = FILE_GRAPH.output;

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
 * QONNX are written in operators of ONNX, and random values are the same in every run.
 * @param input a value inside the graph that is given in place of the model's inputs
 * @param made nodes that make the values of inputs
 */
export function neededPart(
  model: Uint8Array,
  output: string,
  { input, made = [] }: { readonly input?: NewInput; readonly made?: readonly PlainNode[] } = {},
): Uint8Array {
  const { graph, opsetImport } = readMessage(FILE_MODEL, model);
  const nodes = graph?.node ?? [];
  const opset = opsetImport.find(({ domain = '' }) => domain === '' || domain === 'ai.onnx')?.version ?? 0;
  const needed = neededFor(nodes, [output], input?.name);
  const isMade = new Set(made.flatMap(({ output = [] }) => output));
  const weights = new Set(graph?.initializer.map(({ name }) => name));
  let [at, tensor] = [0, 0];
  const node = (raw: Uint8Array): readonly Uint8Array[] => {
    const found = nodes[at++];
    if (!needed.nodes.has(found)) return [];
    const plain = plainQuantiser(found, opset) ?? countedSplit(found, opset) ?? steadied(found, opset);
    return plain ? written(plain) : [raw];
  };
  const written = (plain: readonly PlainNode[]) =>
    plain.flatMap((each) => delimited(NODE, [writeMessage(FILE_NODE, each)]));
  const isKept = (name = '') => needed.names.has(name) && !isMade.has(name);
  const pieces = [...fieldsOf(model)].flatMap(({ number, raw, content }) => {
    if (number !== GRAPH) return [raw];
    const parts = [...fieldsOf(content)].flatMap((field) => {
      if (field.number === NODE) return node(field.raw);
      if (field.number === OUTPUT) return [];
      if (field.number === INITIALIZER) return isKept(graph?.initializer[tensor++]?.name) ? [field.raw] : [];
      if (field.number !== INPUT) return [field.raw];
      const { name } = readMessage(VALUE_INFO, field.content);
      return isKept(name) && (!input || weights.has(name)) ? [field.raw] : [];
    });
    return delimited(GRAPH, [
      ...written(made),
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
