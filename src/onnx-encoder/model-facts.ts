import { FILE_MODEL, type FoundTensor } from '../graph/file-proto.ts';
import { elements } from '../graph/graph.ts';
import { VALUE_INFO } from '../graph/onnx-proto.ts';
import { readMessage } from '../graph/protobuf/read.ts';
import type { ModelSignature, ModelValue } from './model-signature.ts';

/** What an .onnx file says of itself. */
export interface ModelFacts {
  /** What wrote it, such as `pytorch 2.15.0`; '' where it does not say. */
  readonly exporter: string;
  /** The versions of the sets of operators, by domain; ONNX's own is `ai.onnx`. */
  readonly opsets: Readonly<Record<string, number>>;
  /** How many nodes of each operator, in the graph itself. */
  readonly operators: Readonly<Record<string, number>>;
  /** Functions that the file defines. */
  readonly functions: number;
  /** Numbers in weights, by type: in tensors of at least one axis, without int32, int64 and bool. */
  readonly weights: Readonly<Record<string, number>>;
  /** Some layers compute with whole numbers. */
  readonly quantised: boolean;
}

const HEAD = {
  producerName: [2, 'string'],
  producerVersion: [3, 'string'],
  opsetImport: FILE_MODEL.opsetImport,
} as const;
const INSIDE = { graph: [7, { valueInfo: [13, VALUE_INFO, 'list'] }] } as const;

/** ONNX's names of types, by its codes (onnx.proto, TensorProto.DataType). */
const TYPES = [
  ...['no tensor', 'float32', 'uint8', 'int8', 'uint16', 'int16', 'int32', 'int64', 'string', 'bool', 'float16'],
  ...['float64', 'uint32', 'uint64', 'complex64', 'complex128', 'bfloat16', 'float8', 'float8', 'float8', 'float8'],
  ...['uint4', 'int4', 'float4'],
];

/** The name of a type of elements. */
export const typeName = (code: number): string => (code < 0 ? 'any type' : (TYPES[code] ?? `type ${code}`));

const NO_WEIGHTS: readonly string[] = ['int32', 'int64', 'bool', 'string'];
const QUANTISED =
  /^(QuantizeLinear|DynamicQuantize\w+|QLinear\w+|QGemm|MatMulInteger\w*|ConvInteger|MatMulNBits|QAttention)$/;

/** Reads them from a file whose signature has been read. */
export function modelFacts(bytes: Uint8Array, { nodes, tensors }: ModelSignature): ModelFacts {
  const { producerName = '', producerVersion = '', opsetImport } = readMessage(HEAD, bytes);
  const { functions } = readMessage({ functions: FILE_MODEL.functions }, bytes);
  const operators = new Map<string, number>();
  for (const { opType = '', domain = '' } of nodes) {
    const type = domain && domain !== 'ai.onnx' ? `${domain}.${opType}` : opType;
    operators.set(type, (operators.get(type) ?? 0) + 1);
  }
  const constants = nodes.flatMap(({ opType, attribute }) =>
    (opType === 'Constant' ? attribute : []).flatMap(({ t }) => t ?? []),
  );
  return {
    exporter: `${producerName} ${producerVersion}`.trim(),
    opsets: Object.fromEntries(opsetImport.map(({ domain, version = 0 }) => [domain || 'ai.onnx', version])),
    operators: Object.fromEntries([...operators].sort(([, a], [, b]) => b - a)),
    functions: functions.length,
    weights: weightsOf([...tensors.values(), ...constants]),
    quantised: nodes.some(({ opType = '' }) => QUANTISED.test(opType)),
  };
}

function weightsOf(tensors: readonly FoundTensor[]): Record<string, number> {
  const weights: Record<string, number> = {};
  for (const { dims, dataType = 0 } of tensors) {
    const type = typeName(dataType);
    if (dims.length === 0 || NO_WEIGHTS.includes(type)) continue;
    weights[type] = (weights[type] ?? 0) + elements(dims);
  }
  return weights;
}

/** Shapes of values inside the graph, as far as the file says them. */
export function insideShapes(bytes: Uint8Array): ReadonlyMap<string, NonNullable<ModelValue['dims']>> {
  const { graph } = readMessage(INSIDE, bytes);
  return new Map(
    (graph?.valueInfo ?? []).flatMap(({ name = '', type }) => {
      const dims = type?.tensorType?.shape?.dim;
      return dims
        ? [[name, dims.map(({ dimValue, dimParam = '' }) => (dimValue && dimValue > 0 ? dimValue : dimParam))]]
        : [];
    }),
  );
}
