import { fromBinary } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataLocation as DataLocation,
  type ModelProto,
  ModelProtoSchema,
  type TensorProto,
  type ValueInfoProto,
} from 'onnx-buf';
import { BagsslError } from '../errors.ts';
import { elements } from './elements.ts';
import type { Attribute, DType, Graph, Shape, TensorData, Value } from './graph.ts';
import { dtypeOfCode } from './onnx-types.ts';
import { createGraph } from './ops/index.ts';
import { OPSET } from './write-onnx.ts';

/**
 * Reads an .onnx file into a graph that can be extended and differentiated. Every shape must be static, every operator
 * one of ops/, and the opset the one this package writes. Errors name the node.
 */
export function readOnnx(bytes: Uint8Array): { graph: Graph; outputs: Record<string, Value> } {
  const model = parse(bytes);
  const proto = model.graph;
  if (!proto) throw new BagsslError('bad-model', 'The ONNX file holds no graph.');
  const opset = model.opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version;
  if (opset !== BigInt(OPSET)) {
    throw new BagsslError('bad-model', `The model is written in opset ${opset}; convert it to opset ${OPSET} first.`);
  }
  const graph = createGraph();
  const values = new Map<string, Value>();
  for (const tensor of proto.initializer) {
    values.set(tensor.name, graph.constant(tensorData(tensor), tensor.dims.map(Number), tensor.name));
  }
  for (const info of proto.input) {
    if (values.has(info.name)) continue;
    const { dtype, shape } = signature(info);
    values.set(info.name, graph.input(info.name, shape, dtype));
  }
  for (const node of proto.node) {
    const where = `${node.opType} "${node.name || node.output[0]}"`;
    const inputs = node.input.map((name) => {
      const value = values.get(name);
      if (!value) {
        throw new BagsslError(
          'bad-model',
          `${where} reads "${name}", which nothing before it provides (a cycle, or a missing node).`,
        );
      }
      return value;
    });
    if (!graph.operators.has(node.opType)) {
      throw new BagsslError(
        'unsupported-operator',
        `${where}, output "${node.output[0]}": this operator is not supported.`,
      );
    }
    const attributes = Object.fromEntries(
      node.attribute.map((attribute) => [attribute.name, attributeOf(attribute, where)]),
    );
    const outputs = applied(graph, node.opType, inputs, attributes, where);
    node.output.forEach((name, k) => {
      if (outputs[k]) values.set(name, outputs[k]);
    });
  }
  const outputs = proto.output.map(({ name }) => {
    const value = values.get(name);
    if (!value) throw new BagsslError('bad-model', `The model promises an output "${name}" that no node provides.`);
    return [name, value] as const;
  });
  return { graph, outputs: Object.fromEntries(outputs) };
}

/** Appends a node of a file that nobody checked: too few inputs or odd attributes are the file's fault. */
function applied(graph: Graph, type: string, inputs: Value[], attributes: Record<string, Attribute>, where: string) {
  try {
    return graph.apply(type, inputs, attributes);
  } catch (cause) {
    if (cause instanceof BagsslError) throw new BagsslError(cause.code, `${where}: ${cause.message}`, { cause });
    throw new BagsslError('bad-model', `${where} is malformed: ${inputs.length} inputs, ${(cause as Error).message}.`, {
      cause,
    });
  }
}

function parse(bytes: Uint8Array): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw new BagsslError('bad-model', `Not an ONNX file, or a truncated one (${bytes.length} bytes).`, { cause });
  }
}

function signature({ name, type }: ValueInfoProto): { dtype: DType; shape: Shape } {
  if (type?.value.case !== 'tensorType') throw new BagsslError('bad-model', `Input "${name}" is not a tensor.`);
  const { elemType, shape } = type.value.value;
  const dtype = dtypeOfCode(elemType);
  if (!dtype) throw new BagsslError('bad-model', `Input "${name}" has ONNX type ${elemType}, which is not supported.`);
  const extents = (shape?.dim ?? []).map(({ value }, axis) => {
    if (value.case !== 'dimValue' || value.value < 1n) {
      throw new BagsslError(
        'bad-model',
        `Input "${name}": axis ${axis} has no fixed size (${value.value ?? 'unknown'}).`,
      );
    }
    return Number(value.value);
  });
  return { dtype, shape: extents };
}

const BYTES: Record<DType, number> = { float32: 4, float16: 2, int64: 8, int32: 4, uint8: 1, bool: 1 };

/** A constant's elements. Sizes are checked against the bytes present before anything is allocated. */
function tensorData(tensor: TensorProto): TensorData {
  const dtype = dtypeOfCode(tensor.dataType);
  const fail = (why: string) => new BagsslError('bad-model', `Constant "${tensor.name}" ${why}.`);
  if (!dtype) throw fail(`has ONNX type ${tensor.dataType}, which is not supported`);
  if (tensor.dataLocation === DataLocation.EXTERNAL) throw fail('keeps its data in another file, which is never read');
  const dims = tensor.dims.map(Number);
  if (dims.some((extent) => extent < 0)) throw fail(`has a negative extent in [${dims}]`);
  const count = elements(dims);
  const raw = tensor.rawData;
  if (raw.length > 0 || count === 0) {
    if (raw.length !== count * BYTES[dtype])
      throw fail(`of shape [${dims}] holds ${raw.length} bytes, not ${count * BYTES[dtype]}`);
    const copy = raw.slice().buffer;
    if (dtype === 'float32') return new Float32Array(copy);
    if (dtype === 'int64') return new BigInt64Array(copy);
    if (dtype === 'int32') return new Int32Array(copy);
    if (dtype === 'float16') return new Uint16Array(copy);
    return new Uint8Array(copy);
  }
  const listed = dtype === 'float32' ? tensor.floatData : dtype === 'int64' ? tensor.int64Data : tensor.int32Data;
  if (listed.length !== count) throw fail(`of shape [${dims}] holds ${listed.length} elements, not ${count}`);
  if (dtype === 'float32') return Float32Array.from(tensor.floatData);
  if (dtype === 'int64') return BigInt64Array.from(tensor.int64Data);
  if (dtype === 'int32') return Int32Array.from(tensor.int32Data);
  if (dtype === 'float16') return Uint16Array.from(tensor.int32Data);
  return Uint8Array.from(tensor.int32Data);
}

function attributeOf(attribute: AttributeProto, where: string): Attribute {
  switch (attribute.type) {
    case AttributeType.INT:
      return Number(attribute.i);
    case AttributeType.INTS:
      return attribute.ints.map(Number);
    case AttributeType.FLOAT:
      return { float: attribute.f };
    case AttributeType.STRING:
      return new TextDecoder().decode(attribute.s);
    default:
      throw new BagsslError(
        'unsupported-operator',
        `${where}: attribute "${attribute.name}" is of an unsupported kind.`,
      );
  }
}
