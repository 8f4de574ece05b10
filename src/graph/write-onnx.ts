import { create, toBinary } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import type { Attribute, TensorData, Value } from './graph.ts';
import { needed, type Outputs } from './needed.ts';
import { DTYPE_CODES } from './onnx-types.ts';

/** The opset every graph here is written in; its operators are what the rules in ops/ state. */
export const OPSET = 17;
const IR_VERSION = 8n;

/**
 * Serialises what `outputs` need, by name, as an ordinary .onnx file. Nodes, constants and inputs that no output
 * depends on are left out, so one graph can be written several times with different outputs.
 */
export const writeOnnx = (outputs: Outputs): Uint8Array => toBinary(ModelProtoSchema, onnxModel(outputs));

/** The same before it is serialised. */
export function onnxModel(outputs: Outputs): ModelProto {
  const { graph } = Object.values(outputs)[0];
  const { nodes, values } = needed(outputs);

  const produced = new Set(nodes.flatMap((node) => node.outputs));
  const names = new Map<Value, string>();
  const copies: [from: Value, to: string][] = [];
  for (const [name, value] of Object.entries(outputs)) {
    if (produced.has(value) && !names.has(value)) names.set(value, name);
    else copies.push([value, name]);
  }
  const nameOf = (value: Value) => names.get(value) ?? value.name;

  return create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: 'bagssl',
    opsetImport: [{ domain: '', version: BigInt(OPSET) }],
    graph: create(GraphProtoSchema, {
      name: 'bagssl',
      node: [
        ...nodes.map((node) =>
          create(NodeProtoSchema, {
            opType: node.operator.type,
            name: nameOf(node.outputs[0]),
            input: node.inputs.map(nameOf),
            output: node.outputs.map(nameOf),
            attribute: Object.entries(node.attributes).map(([name, attribute]) => attributeProto(name, attribute)),
          }),
        ),
        ...copies.map(([from, to]) =>
          create(NodeProtoSchema, { opType: 'Identity', name: to, input: [nameOf(from)], output: [to] }),
        ),
      ],
      input: graph.inputs.filter((value) => values.has(value)).map((value) => valueInfo(value.name, value)),
      output: Object.entries(outputs).map(([name, value]) => valueInfo(name, value)),
      initializer: graph.constants
        .filter((value) => values.has(value))
        .map((value) =>
          create(TensorProtoSchema, {
            name: value.name,
            dataType: DTYPE_CODES[value.dtype],
            dims: value.shape.map(BigInt),
            rawData: bytesOf(value.data!),
          }),
        ),
    }),
  });
}

function valueInfo(name: string, { dtype, shape }: Value) {
  const dim = shape.map((extent) => ({ value: { case: 'dimValue' as const, value: BigInt(extent) } }));
  const value = { elemType: DTYPE_CODES[dtype], shape: { dim } };
  return create(ValueInfoProtoSchema, { name, type: { value: { case: 'tensorType', value } } });
}

function attributeProto(name: string, attribute: Attribute): AttributeProto {
  if (typeof attribute === 'number') {
    return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(attribute) });
  }
  if (typeof attribute === 'string') {
    return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s: new TextEncoder().encode(attribute) });
  }
  if ('float' in attribute)
    return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: attribute.float });
  return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: attribute.map(BigInt) });
}

/** Raw data is little-endian, as every platform this runs on is. */
const bytesOf = (data: TensorData) =>
  new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength) as Uint8Array<ArrayBuffer>;
