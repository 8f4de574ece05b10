import { fromHalf } from '../base/half.ts';
import type { FoundNode, FoundTensor } from '../graph/file-proto.ts';
import type { ModelSignature } from './model-signature.ts';

/** Operators that a model's input may pass before it is normalised. */
const PASSING = new Set(['Cast', 'Transpose', 'Identity']);

/** Operators that read a value's shape alone. */
const OF_SHAPE = new Set(['Shape', 'Size']);

/** Constants of more elements than this are no normalisation. */
const MOST = 4;

/** A normalisation whose constants are larger than this, or whose factor is smaller than its inverse, is of 0 to 255. */
const OF_LEVELS = 8;

/**
 * Whether a model begins by normalising its input: by subtracting, adding, multiplying or dividing by a constant for all channels
 * or for each. The size of the constant shows whether it expects values of 0 to 1 or of 0 to 255.
 */
export function ownNormalisation(
  { nodes, tensors }: ModelSignature,
  input: string,
): { readonly range: 1 | 255; readonly operator: string } | undefined {
  let name = input;
  for (let step = 0; step < 4; step++) {
    const users = nodes.filter((node) => node.input.includes(name) && !OF_SHAPE.has(node.opType ?? ''));
    if (users.length !== 1) return undefined;
    const [{ opType = '', input: operands, output }] = users;
    if (PASSING.has(opType)) {
      name = output[0];
      continue;
    }
    if (!['Sub', 'Add', 'Mul', 'Div'].includes(opType)) return undefined;
    const other = operands.find((operand) => operand !== name);
    const values = other === undefined ? [] : constantValues(nodes, tensors, other);
    if (values.length === 0 || values.length > MOST) return undefined;
    const largest = Math.max(...values.map(Math.abs));
    const isOfLevels = opType === 'Mul' ? largest < 1 / OF_LEVELS : largest > OF_LEVELS;
    return { range: isOfLevels ? 255 : 1, operator: opType };
  }
  return undefined;
}

/** The values of a small float tensor: a weight, or what a Constant node gives. */
function constantValues(
  nodes: readonly FoundNode[],
  tensors: ReadonlyMap<string, FoundTensor>,
  name: string,
): readonly number[] {
  const constant = nodes.find(({ opType, output }) => opType === 'Constant' && output[0] === name);
  const [attribute] = constant?.attribute ?? [];
  if (attribute?.f !== undefined) return [attribute.f];
  if (attribute?.floats.length) return attribute.floats;
  const tensor = tensors.get(name) ?? attribute?.t;
  return tensor ? floats(tensor) : [];
}

/** ONNX's codes of the types that are read, and the bytes of an element. */
const [FLOAT, HALF, DOUBLE] = [1, 10, 11];
const WIDTHS: Readonly<Record<number, number>> = { [FLOAT]: 4, [HALF]: 2, [DOUBLE]: 8 };

function floats({ dataType = 0, rawData, floatData, int32Data, doubleData }: FoundTensor): readonly number[] {
  const width = WIDTHS[dataType];
  if (!width) return [];
  if (!rawData?.length) return dataType === FLOAT ? floatData : dataType === DOUBLE ? doubleData : halves(int32Data);
  if (rawData.length > width * MOST) return [];
  const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
  const places = Array.from({ length: Math.floor(rawData.length / width) }, (_, k) => k * width);
  if (dataType === HALF) return halves(places.map((at) => view.getUint16(at, true)));
  return places.map((at) => (dataType === DOUBLE ? view.getFloat64(at, true) : view.getFloat32(at, true)));
}

const halves = (bits: readonly number[]) => (bits.length > MOST ? [] : [...fromHalf(Uint16Array.from(bits))]);
