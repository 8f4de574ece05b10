import type { Message } from './protobuf/fields.ts';

/**
 * The fields of onnx.proto that are written here, by their numbers there (onnx/onnx on GitHub, version 1.20). file-proto.ts has
 * those that are read alone.
 */
export const TENSOR = {
  dims: [1, 'int', 'list'],
  dataType: [2, 'int'],
  name: [8, 'string'],
  rawData: [9, 'bytes'],
} as const;

export const ATTRIBUTE = {
  name: [1, 'string'],
  f: [2, 'float'],
  i: [3, 'int'],
  s: [4, 'bytes'],
  ints: [8, 'int', 'list'],
  type: [20, 'int'],
} as const;

export const NODE = {
  input: [1, 'string', 'list'],
  output: [2, 'string', 'list'],
  name: [3, 'string'],
  opType: [4, 'string'],
  attribute: [5, ATTRIBUTE, 'list'],
} as const;

const DIMENSION = { dimValue: [1, 'int'], dimParam: [2, 'string'] } as const;
const SHAPE = { dim: [1, DIMENSION, 'list'] } as const;
const TENSOR_TYPE = { elemType: [1, 'int'], shape: [2, SHAPE] } as const;
export const VALUE_INFO = { name: [1, 'string'], type: [2, { tensorType: [1, TENSOR_TYPE] }] } as const;

export const GRAPH = {
  node: [1, NODE, 'list'],
  name: [2, 'string'],
  initializer: [5, TENSOR, 'list'],
  input: [11, VALUE_INFO, 'list'],
  output: [12, VALUE_INFO, 'list'],
} as const;

export const OPSET_IMPORT = { domain: [1, 'string'], version: [2, 'int'] } as const;

export const MODEL = {
  irVersion: [1, 'int'],
  producerName: [2, 'string'],
  graph: [7, GRAPH],
  opsetImport: [8, OPSET_IMPORT, 'list'],
} as const;

/** AttributeProto.AttributeType, for the kinds that are read or written here. */
export const ATTRIBUTE_TYPE = { FLOAT: 1, INT: 2, STRING: 3, TENSOR: 4, GRAPH: 5, FLOATS: 6, INTS: 7 } as const;

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
export type NodeProto = Required<Message<typeof NODE>>;
export type TensorProto = Required<Message<typeof TENSOR>>;
export interface ValueInfoProto {
  name: string;
  type: { tensorType: { elemType: number; shape: { dim: Message<typeof DIMENSION>[] } } };
}
