import { BagsslError } from '../../base/errors.ts';
import { type Attribute, type DType, dtypeOfCode } from '../graph.ts';
import {
  ATTRIBUTE_TYPE,
  type FoundAttribute,
  type FoundModel,
  type FoundNode,
  type FoundValueInfo,
  MODEL,
} from '../onnx-proto.ts';
import { readMessage } from '../protobuf/read.ts';
import { OPSET } from '../write-onnx.ts';
import { readTensor, type Tensor } from './read-tensor.ts';

/** The opsets that files may have; operators are translated to those of the newest, which graphs are written in. */
export const OPSETS = { oldest: 9, newest: OPSET };

/** An attribute of a file's node: as in a graph, or a list of floats, or a tensor. */
export type FileAttribute = Attribute | { readonly floats: readonly number[] } | { readonly tensor: Tensor };

/** A node of a file: values are names, and '' is an operand left out. */
export interface FileNode {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Read on demand: a node that no output needs may have unsupported attributes. */
  readonly attributes: () => Readonly<Record<string, FileAttribute>>;
  /** Which node it is and where in the file, for errors. */
  readonly place: string;
}

export interface FileInput {
  readonly name: string;
  readonly dtype: DType;
  /** A number, or the name of an axis whose extent the file leaves open ('' where it has none). */
  readonly dims: readonly (number | string)[];
}

/** The network of an .onnx file, with its names and sizes checked and no shape inferred. */
export interface FileModel {
  readonly opset: number;
  /** The inputs to be given at a run, without initialisers. */
  readonly inputs: readonly FileInput[];
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly nodes: readonly FileNode[];
  readonly outputs: readonly string[];
}

/**
 * Parses an .onnx file. Allocates no more than a small multiple of the file's size, and reads no other file.
 * @throws BagsslError `bad-model` or `unsupported-operator`, naming the tensor or node
 */
export function parseOnnx(bytes: Uint8Array): FileModel {
  const model = decode(bytes);
  const { graph } = model;
  if (!graph) throw new BagsslError('bad-model', `The ONNX file (${bytes.length} bytes) holds no graph.`);
  const opset = opsetOf(model);
  const taken = new Set<string>();
  const provide = (name: string, what: string) => {
    if (taken.has(name)) {
      throw new BagsslError('bad-model', `${what} "${name}" appears twice; every value needs its own name.`);
    }
    taken.add(name);
  };
  const tensors = new Map<string, Tensor>();
  for (const tensor of graph.initializer) {
    const { name = '' } = tensor;
    provide(name, 'The tensor');
    tensors.set(name, readTensor(tensor, `The tensor "${name}"`));
  }
  // Before IR version 4 initialisers were listed among the inputs as well.
  const listed = graph.input.filter(({ name = '' }) => !tensors.has(name));
  for (const { name = '' } of listed) provide(name, 'The input');
  const nodes: FileNode[] = [];
  for (const [k, proto] of graph.node.entries()) {
    const place = placeOf(proto, k, graph.node.length);
    for (const name of proto.output) if (name) provide(name, `${place}: its output`);
    // Exporters store equal tensors once and copy them with Identity: the copies are separate tensors.
    const copied = proto.opType === 'Identity' ? tensors.get(proto.input[0]) : undefined;
    if (copied && proto.output[0]) tensors.set(proto.output[0], copied);
    else nodes.push(nodeOf(proto, place));
  }
  return { opset, inputs: listed.map(inputOf), tensors, nodes, outputs: graph.output.map(({ name = '' }) => name) };
}

function decode(bytes: Uint8Array): FoundModel {
  try {
    return readMessage(MODEL, bytes);
  } catch (cause) {
    throw new BagsslError(
      'bad-model',
      `Not an ONNX file, or a truncated one (${bytes.length} bytes); export it again or restore a copy.`,
      { cause },
    );
  }
}

function opsetOf({ opsetImport }: FoundModel): number {
  const opset = opsetImport.find(({ domain }) => isStandard(domain))?.version ?? 0;
  const { oldest, newest } = OPSETS;
  if (!(opset >= oldest && opset <= newest)) {
    throw new BagsslError(
      'bad-model',
      `The model is written in opset ${opset || 'none'}; supported are ${oldest} to ${newest}. Export it with opset_version=${newest}, or convert it.`,
    );
  }
  return opset;
}

const isStandard = (domain = '') => domain === '' || domain === 'ai.onnx';

function placeOf({ opType = '', name, input, output }: FoundNode, index: number, count: number): string {
  const quoted = (names: readonly string[]) => (names.length ? names.map((n) => `"${n}"`).join(', ') : 'nothing');
  const own = name ? ` "${name}"` : '';
  return `${opType}${own} (node ${index + 1} of ${count}, from ${quoted(input.slice(0, 4))} to ${quoted(output.slice(0, 2))})`;
}

function nodeOf(proto: FoundNode, place: string): FileNode {
  const attributes = () => {
    if (!isStandard(proto.domain)) {
      throw new BagsslError(
        'unsupported-operator',
        `${place} is of the domain "${proto.domain}"; only ONNX's own operators are supported.`,
      );
    }
    return Object.fromEntries(
      proto.attribute.map((attribute) => [attribute.name ?? '', attributeOf(attribute, place)]),
    );
  };
  return { type: proto.opType ?? '', inputs: proto.input, outputs: proto.output, attributes, place };
}

function attributeOf(attribute: FoundAttribute, place: string): FileAttribute {
  switch (attribute.type) {
    case ATTRIBUTE_TYPE.INT:
      return attribute.i ?? 0;
    case ATTRIBUTE_TYPE.INTS:
      return attribute.ints;
    case ATTRIBUTE_TYPE.FLOAT:
      return { float: attribute.f ?? 0 };
    case ATTRIBUTE_TYPE.FLOATS:
      return { floats: attribute.floats };
    case ATTRIBUTE_TYPE.STRING:
      return new TextDecoder().decode(attribute.s);
    case ATTRIBUTE_TYPE.TENSOR:
      if (attribute.t) return { tensor: readTensor(attribute.t, `${place}: its attribute "${attribute.name}"`) };
  }
  throw new BagsslError(
    'unsupported-operator',
    `${place}: attribute "${attribute.name}" is of an unsupported kind (a graph, a list of tensors, or none).`,
  );
}

function inputOf({ name = '', type }: FoundValueInfo): FileInput {
  if (!type?.tensorType) throw new BagsslError('bad-model', `Input "${name}" is not a tensor.`);
  const { elemType = 0, shape } = type.tensorType;
  const dtype = dtypeOfCode(elemType);
  if (!dtype) throw new BagsslError('bad-model', `Input "${name}" has ONNX type ${elemType}, which is not supported.`);
  const dims = (shape?.dim ?? []).map(({ dimValue, dimParam = '' }, axis) => {
    if (dimValue === undefined) return dimParam;
    if (dimValue < 1) throw new BagsslError('bad-model', `Input "${name}": axis ${axis} has size ${dimValue}.`);
    return dimValue;
  });
  return { name, dtype, dims };
}
