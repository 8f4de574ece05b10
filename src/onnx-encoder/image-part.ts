import { BagsslError } from '../base/errors.ts';
import { quote } from '../base/values.ts';
import { ATTRIBUTE_TYPE } from '../graph/onnx-proto.ts';
import { neededFor } from './graph-walk.ts';
import { isColour } from './input-axes.ts';
import { type ModelSignature, type ModelValue, modelSignature, shownValue } from './model-signature.ts';
import { neededPart } from './needed-part.ts';
import type { PlainNode } from './plain-nodes.ts';
import { isRandom } from './random-nodes.ts';

/** What of a model of several inputs encodes images. */
export interface ImagePart {
  /** With the image as its only input, and the outputs that need no other. */
  readonly signature: ModelSignature;
  /** Nodes that make the values of inputs which are the same for every image. */
  readonly made: readonly PlainNode[];
  /** What was left out or filled in. */
  readonly notes: readonly string[];
}

const BOOL = 9;
/** Bytes of one element 1, by ONNX's codes: float32, int32, int64, bool, float16. */
const ONES: Readonly<Record<number, readonly number[]>> = {
  1: [0, 0, 0x80, 0x3f],
  6: [1, 0, 0, 0],
  7: [1, 0, 0, 0, 0, 0, 0, 0],
  9: [1],
  10: [0, 0x3c],
};
/** Masks that are 1 where there is something to see: all of an image. */
const MASK = /^(pixel|attention|image|pixel_attention)_mask$/i;

/**
 * The part of a model that encodes images: the outputs that depend on one input of images. Others, such as the text of CLIP, are not
 * needed for them; masks are filled with ones, and switches are off. A model of one input is left as it is.
 * @param output the value that is asked for
 * @throws BagsslError `bad-model` where no output depends on images alone
 */
export function imagePart(whole: ModelSignature, file: string, output?: string): ImagePart {
  const { inputs, outputs, nodes } = whole;
  if (inputs.length <= 1) return { signature: whole, made: [], notes: [] };
  const found = (output === undefined ? outputs.map(({ name }) => name) : [output]).flatMap((name) => {
    const { names } = neededFor(nodes, [name]);
    const reached = inputs.filter((each) => names.has(each.name));
    const [image, ...more] = reached.filter(isImage);
    const filled = reached.filter((each) => each !== image);
    const fillings = image && more.length === 0 ? filled.map((each) => filling(each, image)) : [undefined];
    return fillings.every((nodes) => nodes !== undefined) ? [{ name, image, filled, made: fillings.flat() }] : [];
  });
  const [first] = found;
  if (!first) {
    const what = output === undefined ? 'none of its outputs depends' : `${quote(output)} does not depend`;
    throw new BagsslError(
      'bad-model',
      `${file} has ${inputs.length} inputs: ${inputs.slice(0, 6).map(shownValue).join(', ')}; ${what} on images alone. Name a value inside the graph that does (onnx.output), or export the part that encodes images, with one input.`,
    );
  }
  const { image } = first;
  // One image at a time: a model may have an encoder for each of two.
  const own = found.filter((each) => each.image === image);
  const used = own.flatMap(({ filled }) => filled);
  const made = new Map(own.flatMap((each) => each.made.map((node) => [node.output![0], node] as const)));
  const left = inputs.filter((each) => each !== image && !used.includes(each)).map(({ name }) => quote(name));
  const notes = [
    ...(left.length ? [`The vector is made of ${quote(image.name)} alone: ${left.join(', ')} is left out.`] : []),
    ...[...new Set(used)].map(
      (each) => `${quote(each.name)} is filled with ${each.type === BOOL && !MASK.test(each.name) ? 'false' : 'ones'}.`,
    ),
  ];
  const names = new Set(own.map(({ name }) => name));
  return {
    signature: {
      ...whole,
      inputs: [image],
      outputs: output === undefined ? outputs.filter(({ name }) => names.has(name)) : outputs,
    },
    made: [...made.values()],
    notes,
  };
}

/** Whether an input may be images: of four axes, with three channels, one, or an open number. */
function isImage({ name, dims = ['', '', '', ''] }: ModelValue): boolean {
  const [, a, , c] = dims;
  const isSeen = dims.length === 4 && (isColour(a) || isColour(c) || typeof a === 'string');
  return isSeen && !/mask|past|key_values/i.test(name);
}

/** Nodes that make an input's value; undefined where nothing safe is known. */
function filling({ name, type, dims }: ModelValue, image: ModelValue): readonly PlainNode[] | undefined {
  if (!dims) return undefined;
  const tensor = (what: string, extents: readonly number[], dataType: number, rawData: Uint8Array<ArrayBuffer>) => ({
    opType: 'Constant',
    input: [],
    output: [what],
    attribute: [{ name: 'value', type: ATTRIBUTE_TYPE.TENSOR, t: { dims: [...extents], dataType, rawData } }],
  });
  const isMask = MASK.test(name) && dims.length <= 3;
  const isSwitch = type === BOOL && dims.every((extent) => extent === 1);
  if (!isMask) return isSwitch ? [tensor(name, dims.map(Number), BOOL, Uint8Array.of(0))] : undefined;
  const one = ONES[type];
  const numbers = (what: string, values: readonly number[]) =>
    tensor(what, [values.length], 7, new Uint8Array(BigInt64Array.from(values, BigInt).buffer));
  if (!one) return undefined;
  const own = (what: string) => `${name}/bagssl/${what}`;
  const nodes: PlainNode[] = [{ opType: 'Shape', input: [image.name], output: [own('shape')] }];
  const parts: string[] = [];
  for (const [axis, extent] of dims.entries()) {
    const same = axis === 0 ? 0 : (image.dims ?? []).findIndex((each) => each !== '' && each === extent);
    if (typeof extent === 'string' && same < 0) return undefined;
    const part = own(`${axis}`);
    if (typeof extent === 'number') nodes.push(numbers(part, [extent]));
    else {
      nodes.push(numbers(own(`axis ${axis}`), [same]));
      nodes.push({ opType: 'Gather', input: [own('shape'), own(`axis ${axis}`)], output: [part] });
    }
    parts.push(part);
  }
  const axis = { name: 'axis', type: ATTRIBUTE_TYPE.INT, i: 0 };
  const t = { dims: [1], dataType: type, rawData: Uint8Array.from(one) };
  const value = { name: 'value', type: ATTRIBUTE_TYPE.TENSOR, t };
  nodes.push({ opType: 'Concat', input: parts, output: [own('extents')], attribute: [axis] });
  nodes.push({ opType: 'ConstantOfShape', input: [own('extents')], output: [name], attribute: [value] });
  return nodes;
}

/** The model that makes a vector of images alone, the same in every run: the file's bytes, unless its inputs or nodes stand against it. */
export function vectorPart(
  file: Uint8Array,
  name: string,
  { inputs }: ModelSignature,
  { signature, made, notes }: ImagePart,
  output: string,
): { readonly model: Uint8Array; readonly notes: readonly string[] } {
  const draws = [...neededFor(signature.nodes, [output]).nodes].find(isRandom);
  if (inputs.length <= 1 && !draws) return { model: file, notes };
  const model = neededPart(file, output, { made });
  if (!draws) return { model, notes };
  const isLeft = modelSignature(model, name).nodes.some(isRandom);
  const what = isLeft ? ', and so its vectors differ.' : ': they are replaced by the same for every image.';
  return { model, notes: [...notes, `Its ${draws.opType} draws other values in every run${what}`] };
}
