import { create, toBinary } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from 'onnx-buf';

type Numbers = readonly number[];
/** A float is marked, as JavaScript has one number type; `tensor` holds float32 scalars and vectors. */
export type FileAttribute =
  | number
  | Numbers
  | string
  | { float: number }
  | { floats: Numbers }
  | { tensor: FileTensor }
  | { graph: Pick<OnnxFile, 'nodes' | 'tensors' | 'outputs'> };
export interface FileTensor {
  dims: Numbers;
  float?: Numbers;
  int64?: Numbers;
  bool?: Numbers;
  int8?: Numbers;
}
export type FileNode = readonly [
  type: string,
  inputs: string,
  outputs: string,
  attributes?: Readonly<Record<string, FileAttribute>>,
];

export interface OnnxFile {
  opset?: number;
  /** Extents, or names of open axes. */
  inputs?: Readonly<Record<string, readonly (number | string)[]>>;
  tensors?: Readonly<Record<string, FileTensor>>;
  /** Operands and outputs are separated by spaces; "-" is one left out. */
  nodes: readonly FileNode[];
  outputs?: string;
}

/** An .onnx file written by hand, independent of the package's own writer. */
export function onnxFile(file: OnnxFile, edit: (model: ModelProto) => void = () => {}): Uint8Array {
  const { opset = 13, inputs = { x: ['batch', 3, 8, 8] }, tensors = {}, nodes, outputs = 'y' } = file;
  const model = create(ModelProtoSchema, {
    irVersion: 7n,
    opsetImport: [{ domain: '', version: BigInt(opset) }],
    graph: graphProto({ inputs, tensors, nodes, outputs }),
  });
  edit(model);
  return toBinary(ModelProtoSchema, model);
}

function graphProto({ inputs = {}, tensors = {}, nodes, outputs = 'y' }: Omit<OnnxFile, 'opset'>): GraphProto {
  return create(GraphProtoSchema, {
    name: 'by hand',
    input: Object.entries(inputs).map(([name, dims]) => valueInfo(name, dims)),
    output: words(outputs).map((name) => create(ValueInfoProtoSchema, { name, type: floatType() })),
    initializer: Object.entries(tensors).map(([name, tensor]) => tensorProto(tensor, name)),
    node: nodes.map(([type, from, to, attributes = {}]) => {
      const dot = type.lastIndexOf('.');
      return create(NodeProtoSchema, {
        opType: type.slice(dot + 1),
        domain: type.slice(0, Math.max(0, dot)),
        name: `the ${type} of ${words(to)[0]}`,
        input: words(from),
        output: words(to),
        attribute: Object.entries(attributes).map(([name, value]) => attributeProto(name, value)),
      });
    }),
  });
}

const words = (text: string) =>
  text
    .split(' ')
    .filter(Boolean)
    .map((word) => (word === '-' ? '' : word));

const floatType = (shape?: { dim: object[] }) => ({
  value: { case: 'tensorType' as const, value: { elemType: 1, ...(shape && { shape }) } },
});

function valueInfo(name: string, dims: readonly (number | string)[]) {
  const dim = dims.map((extent) => ({
    value:
      typeof extent === 'number'
        ? { case: 'dimValue' as const, value: BigInt(extent) }
        : { case: 'dimParam' as const, value: extent },
  }));
  return create(ValueInfoProtoSchema, { name, type: floatType({ dim }) });
}

export function tensorProto({ dims, float, int64, bool, int8 }: FileTensor, name = '') {
  const shared = { name, dims: dims.map(BigInt) };
  if (float) return create(TensorProtoSchema, { ...shared, dataType: 1, floatData: [...float] });
  if (int8) return create(TensorProtoSchema, { ...shared, dataType: 3, int32Data: [...int8] });
  if (bool) return create(TensorProtoSchema, { ...shared, dataType: 9, int32Data: [...bool] });
  return create(TensorProtoSchema, { ...shared, dataType: 7, int64Data: (int64 ?? []).map(BigInt) });
}

function attributeProto(name: string, value: FileAttribute): AttributeProto {
  const make = (fields: object) => create(AttributeProtoSchema, { name, ...fields });
  if (typeof value === 'number') return make({ type: AttributeType.INT, i: BigInt(value) });
  if (typeof value === 'string') return make({ type: AttributeType.STRING, s: new TextEncoder().encode(value) });
  if ('float' in value) return make({ type: AttributeType.FLOAT, f: value.float });
  if ('floats' in value) return make({ type: AttributeType.FLOATS, floats: [...value.floats] });
  if ('graph' in value) return make({ type: AttributeType.GRAPH, g: graphProto(value.graph) });
  if ('tensor' in value) return make({ type: AttributeType.TENSOR, t: tensorProto(value.tensor) });
  return make({ type: AttributeType.INTS, ints: value.map(BigInt) });
}
