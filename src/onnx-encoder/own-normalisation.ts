import type { FoundNode, FoundTensor } from '../graph/file-proto.ts';
import type { ModelSignature } from './model-signature.ts';

/** Operators that a model's input may pass before it is normalised. */
const PASSING = new Set(['Cast', 'Transpose', 'Identity']);

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
    const users = nodes.filter((node) => node.input.includes(name));
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
  const tensor = tensors.get(name) ?? attribute?.t;
  if (tensor?.dataType !== 1) return [];
  const { rawData, floatData } = tensor;
  if (floatData.length) return floatData;
  if (!rawData || rawData.length > 4 * MOST) return [];
  const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
  return Array.from({ length: Math.floor(rawData.length / 4) }, (_, k) => view.getFloat32(4 * k, true));
}
