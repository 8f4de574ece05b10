import type { Found, Message } from './protobuf/fields.ts';

/**
 * The fields of onnx.proto that are read or written here, by their numbers there (onnx/onnx on GitHub, version 1.20). A few are
 * read only to refuse files that use them.
 */
export const TENSOR = {
  dims: [1, 'int', 'list'],
  dataType: [2, 'int'],
  segment: [3, 'bytes'],
  floatData: [4, 'float', 'list'],
  int32Data: [5, 'int', 'list'],
  int64Data: [7, 'int', 'list'],
  name: [8, 'string'],
  rawData: [9, 'bytes'],
  doubleData: [10, 'double', 'list'],
  uint64Data: [11, 'int', 'list'],
  externalData: [13, { key: [1, 'string'], value: [2, 'string'] }, 'list'],
  dataLocation: [14, 'int'],
} as const;

export const ATTRIBUTE = {
  name: [1, 'string'],
  f: [2, 'float'],
  i: [3, 'int'],
  s: [4, 'bytes'],
  t: [5, TENSOR],
  /** A GRAPH, read where it is needed. */
  g: [6, 'bytes'],
  floats: [7, 'float', 'list'],
  ints: [8, 'int', 'list'],
  type: [20, 'int'],
  refAttrName: [21, 'string'],
} as const;

const NODE = {
  input: [1, 'string', 'list'],
  output: [2, 'string', 'list'],
  name: [3, 'string'],
  opType: [4, 'string'],
  attribute: [5, ATTRIBUTE, 'list'],
  domain: [7, 'string'],
  overload: [8, 'string'],
} as const;

const DIMENSION = { dimValue: [1, 'int'], dimParam: [2, 'string'] } as const;
const SHAPE = { dim: [1, DIMENSION, 'list'] } as const;
const TENSOR_TYPE = { elemType: [1, 'int'], shape: [2, SHAPE] } as const;
const VALUE_INFO = { name: [1, 'string'], type: [2, { tensorType: [1, TENSOR_TYPE] }] } as const;

export const GRAPH = {
  node: [1, NODE, 'list'],
  name: [2, 'string'],
  initializer: [5, TENSOR, 'list'],
  input: [11, VALUE_INFO, 'list'],
  output: [12, VALUE_INFO, 'list'],
} as const;

const OPSET_IMPORT = { domain: [1, 'string'], version: [2, 'int'] } as const;

const FUNCTION = {
  name: [1, 'string'],
  input: [4, 'string', 'list'],
  output: [5, 'string', 'list'],
  attribute: [6, 'string', 'list'],
  node: [7, NODE, 'list'],
  opsetImport: [9, OPSET_IMPORT, 'list'],
  domain: [10, 'string'],
  attributeProto: [11, ATTRIBUTE, 'list'],
  overload: [13, 'string'],
} as const;

export const MODEL = {
  irVersion: [1, 'int'],
  producerName: [2, 'string'],
  graph: [7, GRAPH],
  opsetImport: [8, OPSET_IMPORT, 'list'],
  functions: [25, FUNCTION, 'list'],
} as const;

/** AttributeProto.AttributeType, for the kinds that are read or written here. */
export const ATTRIBUTE_TYPE = { FLOAT: 1, INT: 2, STRING: 3, TENSOR: 4, GRAPH: 5, FLOATS: 6, INTS: 7 } as const;

/** TensorProto.DataLocation of a tensor whose data is in another file. */
export const EXTERNAL = 1;

export type FoundModel = Found<typeof MODEL>;
export type FoundNode = Found<typeof NODE>;
export type FoundGraph = Found<typeof GRAPH>;
export type FoundFunction = Found<typeof FUNCTION>;
export type FoundOpsets = readonly Found<typeof OPSET_IMPORT>[];
export type FoundAttribute = Found<typeof ATTRIBUTE>;
export type FoundTensor = Found<typeof TENSOR>;
export type FoundValueInfo = Found<typeof VALUE_INFO>;

/** A model as `onnxModel` makes it: every field it needs is present. */
export interface OnnxModel extends Message<typeof MODEL> {
  irVersion: number;
  opsetImport: { domain: string; version: number }[];
  graph: {
    name: string;
    node: NodeProto[];
    input: ValueInfoProto[];
    output: ValueInfoProto[];
    initializer: TensorProto[];
  };
}
export type AttributeProto = Message<typeof ATTRIBUTE>;
export type NodeProto = Required<Omit<Message<typeof NODE>, 'domain' | 'overload'>>;
export type TensorProto = Required<Pick<Message<typeof TENSOR>, 'name' | 'dataType' | 'dims' | 'rawData'>>;
export interface ValueInfoProto {
  name: string;
  type: { tensorType: { elemType: number; shape: { dim: Message<typeof DIMENSION>[] } } };
}
