import { type Attribute, DTYPE_CODES, graphOf, type TensorData, type Value } from './graph.ts';
import { needed, type Outputs } from './needed.ts';
import {
  ATTRIBUTE_TYPE,
  type AttributeProto,
  MODEL,
  type NodeProto,
  type OnnxModel,
  type ValueInfoProto,
} from './onnx-proto.ts';
import { OPERATORS } from './ops/index.ts';
import { writeMessage } from './protobuf/write.ts';

/** The opset that graphs are written in; the entries of ops/ describe its operators. */
export const OPSET = 17;
const IR_VERSION = 8;
/** The oldest opset worth writing: ONNX Runtime 1.7 reads it, SynapseML 1.0 holds 1.8.1. Opset 17 needs 1.12. */
const OLDEST_WRITTEN = 13;

/**
 * Serialises `outputs`, by name, and everything they depend on as an ordinary .onnx file. Nodes, constants and inputs that no
 * output depends on are left out, so one graph can be written several times with different outputs.
 */
export const writeOnnx = (outputs: Outputs): Uint8Array => writeModel(onnxModel(outputs));

export const writeModel = (model: OnnxModel): Uint8Array => writeMessage(MODEL, model);

/** Serialises a model for as many versions of ONNX Runtime as possible: in the oldest opset that has its operators. */
export function portableOnnx(model: OnnxModel): Uint8Array {
  const opset = Math.max(OLDEST_WRITTEN, ...model.graph.node.map(({ opType }) => sinceOf(opType)));
  model.opsetImport[0].version = opset;
  model.irVersion = opset < 15 ? 7 : IR_VERSION;
  return writeModel(model);
}

/** Only any-batch.ts writes Shape: shapes in a graph are static. */
const sinceOf = (opType: string): number => (opType === 'Shape' ? 1 : OPERATORS.get(opType)!.since);

/** The model that `writeOnnx` serialises. */
export function onnxModel(outputs: Outputs): OnnxModel {
  const graph = graphOf(Object.values(outputs ?? {})[0]);
  const { nodes, values } = needed(outputs);

  const produced = new Set(nodes.flatMap((node) => node.outputs));
  const names = new Map<Value, string>();
  const copies: [from: Value, to: string][] = [];
  for (const [name, value] of Object.entries(outputs)) {
    if (produced.has(value) && !names.has(value)) names.set(value, name);
    else copies.push([value, name]);
  }
  const nameOf = (value: Value) => names.get(value) ?? value.name;

  return {
    irVersion: IR_VERSION,
    producerName: 'bagssl',
    opsetImport: [{ domain: '', version: OPSET }],
    graph: {
      name: 'bagssl',
      node: [
        ...nodes.map(
          (node): NodeProto => ({
            opType: node.operator.type,
            name: nameOf(node.outputs[0]),
            input: node.inputs.map(nameOf),
            output: node.outputs.map(nameOf),
            attribute: Object.entries(node.attributes).map(([name, attribute]) => attributeProto(name, attribute)),
          }),
        ),
        ...copies.map(
          ([from, to]): NodeProto => ({
            opType: 'Identity',
            name: to,
            input: [nameOf(from)],
            output: [to],
            attribute: [],
          }),
        ),
      ],
      input: graph.inputs.filter((value) => values.has(value)).map((value) => valueInfo(value.name, value)),
      output: Object.entries(outputs).map(([name, value]) => valueInfo(name, value)),
      initializer: graph.constants
        .filter((value) => values.has(value))
        .map(({ name, dtype, shape, data }) => ({
          name,
          dataType: DTYPE_CODES[dtype],
          dims: [...shape],
          rawData: bytesOf(data!),
        })),
    },
  };
}

function valueInfo(name: string, { dtype, shape }: Value): ValueInfoProto {
  const dim = shape.map((extent) => ({ dimValue: extent }));
  return { name, type: { tensorType: { elemType: DTYPE_CODES[dtype], shape: { dim } } } };
}

function attributeProto(name: string, attribute: Attribute): AttributeProto {
  if (typeof attribute === 'number') return { name, type: ATTRIBUTE_TYPE.INT, i: attribute };
  if (typeof attribute === 'string') {
    return { name, type: ATTRIBUTE_TYPE.STRING, s: new TextEncoder().encode(attribute) };
  }
  if ('float' in attribute) return { name, type: ATTRIBUTE_TYPE.FLOAT, f: attribute.float };
  return { name, type: ATTRIBUTE_TYPE.INTS, ints: [...attribute] };
}

/** Raw data is little-endian, like every platform this runs on. */
const bytesOf = (data: TensorData) => new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
