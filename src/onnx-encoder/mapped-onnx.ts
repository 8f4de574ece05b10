import { FILE_GRAPH, FILE_MODEL, type FILE_NODE } from '../graph/file-proto.ts';
import { ATTRIBUTE_TYPE, VALUE_INFO } from '../graph/onnx-proto.ts';
import type { Message } from '../graph/protobuf/fields.ts';
import { readMessage } from '../graph/protobuf/read.ts';
import { fieldsOf } from '../graph/protobuf/walk.ts';
import { delimited, joined, writeMessage } from '../graph/protobuf/write.ts';
import { channelsLast } from '../model/encoders/feature-map.ts';
import { OnnxEncoder } from './onnx-encoder.ts';

type PlainNode = Message<typeof FILE_NODE>;

const [GRAPH] = FILE_MODEL.graph;
const [OUTPUT] = FILE_GRAPH.output;
/** From this opset on the axes of ReduceMean are an input. */
const AXES_INPUT_SINCE = 18;
const [FLOAT32, INT64] = [1, 7];

const bytesOf = (data: Float32Array | BigInt64Array) =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength) as Uint8Array<ArrayBuffer>;

/**
 * An encoder whose vectors are (v − mean)·map of another's, as one more .onnx file: its only output, "embedding", is the vector.
 * @param dims the shape of the value that the other's vectors are made of, of one run
 */
export function mappedOnnx(
  encoder: OnnxEncoder,
  mean: Float32Array,
  map: Float32Array,
  dims: readonly number[],
): OnnxEncoder {
  const { model, input, output } = encoder;
  const { opsetImport } = readMessage(FILE_MODEL, model);
  const opset = opsetImport.find(({ domain = '' }) => domain === '' || domain === 'ai.onnx')?.version ?? 0;
  const nodes: PlainNode[] = [];
  const initializer: NonNullable<Message<typeof FILE_GRAPH>['initializer']> = [];
  const tensor = (what: string, data: Float32Array | BigInt64Array, extents: readonly number[]): string => {
    const name = `bagssl/${what}`;
    const dataType = data instanceof Float32Array ? FLOAT32 : INT64;
    initializer.push({ name, dims: [...extents], dataType, rawData: bytesOf(data) });
    return name;
  };
  const append = (opType: string, operands: readonly string[], attribute: PlainNode['attribute'] = []): string => {
    const name = `bagssl/${opType}/${nodes.length}`;
    nodes.push({ opType, input: [...operands], output: [name], attribute });
    return name;
  };
  const integers = (what: string, values: readonly number[]) =>
    tensor(what, BigInt64Array.from(values, BigInt), [values.length]);
  const meanOf = (x: string, axes: readonly number[]): string => {
    const kept = { name: 'keepdims', type: ATTRIBUTE_TYPE.INT, i: 0 };
    return opset >= AXES_INPUT_SINCE
      ? append('ReduceMean', [x, integers('axes', axes)], [kept])
      : append('ReduceMean', [x], [kept, { name: 'axes', type: ATTRIBUTE_TYPE.INTS, ints: [...axes] }]);
  };

  const isPerImage = dims[0] === (input.batch ?? 1);
  const each = isPerImage ? dims.slice(1) : dims;
  let vector = append('Cast', [output.name], [{ name: 'to', type: ATTRIBUTE_TYPE.INT, i: FLOAT32 }]);
  if (!isPerImage || each.length === 0) {
    vector = append('Reshape', [vector, integers('shape', isPerImage ? [-1, 1] : [1, ...each])]);
  }
  if (each.length === 3) {
    const [a, b, c] = each;
    vector = meanOf(vector, channelsLast(a, b, c, input) ? [1, 2] : [2, 3]);
  } else if (each.length === 2 && output.pool === 'first') {
    const first = tensor('first', BigInt64Array.of(0n), []);
    vector = append('Gather', [vector, first], [{ name: 'axis', type: ATTRIBUTE_TYPE.INT, i: 1 }]);
  } else if (each.length === 2) vector = meanOf(vector, [1]);
  const d = mean.length;
  const centred = append('Sub', [vector, tensor('mean', mean, [d])]);
  append('MatMul', [centred, tensor('map', map, [d, d])]);
  const name = 'embedding' as const;
  nodes.at(-1)!.output = [freeName(model, name)];
  const made = nodes.at(-1)!.output![0];

  const shape = {
    dim: [input.batch === undefined ? { dimParam: 'batch' } : { dimValue: input.batch }, { dimValue: d }],
  };
  const info = { name: made, type: { tensorType: { elemType: FLOAT32, shape } } };
  const more = writeMessage(FILE_GRAPH, { node: nodes, initializer });
  const pieces = [...fieldsOf(model)].flatMap(({ number, raw, content }) => {
    if (number !== GRAPH) return [raw];
    const kept = [...fieldsOf(content)].filter((field) => field.number !== OUTPUT).map((field) => field.raw);
    return delimited(GRAPH, [...kept, more, ...delimited(OUTPUT, [writeMessage(VALUE_INFO, info)])]);
  });
  return new OnnxEncoder({ ...encoder, model: joined(pieces), output: { name: made, isOutput: true, pool: 'mean' } });
}

/** A name that no value of the model has. */
function freeName(model: Uint8Array, wanted: string): string {
  const { graph } = readMessage(FILE_MODEL, model);
  const taken = new Set([
    ...(graph?.node ?? []).flatMap((node) => node.output),
    ...[...(graph?.initializer ?? []), ...(graph?.input ?? [])].map(({ name = '' }) => name),
  ]);
  let name = wanted;
  for (let n = 2; taken.has(name); n++) name = `${wanted}_${n}`;
  return name;
}
