import { ATTRIBUTE, GRAPH, MODEL, NODE, OPSET_IMPORT, TENSOR, type VALUE_INFO } from './onnx-proto.ts';
import type { Found } from './protobuf/fields.ts';

// The fields of onnx.proto that are read: those that are written, and more. A few are read only to refuse files that use them.

export const FILE_TENSOR = {
  ...TENSOR,
  segment: [3, 'bytes'],
  floatData: [4, 'float', 'list'],
  int32Data: [5, 'int', 'list'],
  int64Data: [7, 'int', 'list'],
  doubleData: [10, 'double', 'list'],
  uint64Data: [11, 'int', 'list'],
  externalData: [13, { key: [1, 'string'], value: [2, 'string'] }, 'list'],
  dataLocation: [14, 'int'],
} as const;

const FILE_ATTRIBUTE = {
  ...ATTRIBUTE,
  t: [5, FILE_TENSOR],
  /** A FILE_GRAPH, read where it is needed. */
  g: [6, 'bytes'],
  floats: [7, 'float', 'list'],
  refAttrName: [21, 'string'],
} as const;

export const FILE_NODE = {
  ...NODE,
  attribute: [5, FILE_ATTRIBUTE, 'list'],
  domain: [7, 'string'],
  overload: [8, 'string'],
} as const;

export const FILE_GRAPH = { ...GRAPH, node: [1, FILE_NODE, 'list'], initializer: [5, FILE_TENSOR, 'list'] } as const;

const FUNCTION = {
  name: [1, 'string'],
  input: [4, 'string', 'list'],
  output: [5, 'string', 'list'],
  attribute: [6, 'string', 'list'],
  node: [7, FILE_NODE, 'list'],
  opsetImport: [9, OPSET_IMPORT, 'list'],
  domain: [10, 'string'],
  attributeProto: [11, FILE_ATTRIBUTE, 'list'],
  overload: [13, 'string'],
} as const;

export const FILE_MODEL = { ...MODEL, graph: [7, FILE_GRAPH], functions: [25, FUNCTION, 'list'] } as const;

/** TensorProto.DataLocation of a tensor whose data is in another file. */
export const EXTERNAL = 1;

export type FoundModel = Found<typeof FILE_MODEL>;
export type FoundFunction = Found<typeof FUNCTION>;
export type FoundNode = Found<typeof FILE_NODE>;
export type FoundGraph = Found<typeof FILE_GRAPH>;
export type FoundOpsets = readonly Found<typeof OPSET_IMPORT>[];
export type FoundAttribute = Found<typeof FILE_ATTRIBUTE>;
export type FoundTensor = Found<typeof FILE_TENSOR>;
export type FoundValueInfo = Found<typeof VALUE_INFO>;
