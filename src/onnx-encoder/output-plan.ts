import { BagsslError } from '../base/errors.ts';
import { quote } from '../base/values.ts';
import { beforeClassifier, scoresBehind } from './before-classifier.ts';
import { deepMap } from './detector.ts';
import { beforeLastLayer, isEncoded, lastChannels } from './last-layer.ts';
import { type ModelSignature, type ModelValue, shownValue } from './model-signature.ts';

/** Which value of a model is the vector. */
export interface OutputPlan {
  /** The value's name. */
  readonly name: string;
  /** Whether it is one of the model's outputs; otherwise the session is asked for it as one more. */
  readonly isOutput: boolean;
  /** What is made of tokens, [batch, tokens, width]. */
  readonly pool: 'mean' | 'first';
}

/** Names that authors give to vectors, the clearest first. An embedder that this package exports gives a `bag`. */
const VECTORS = [
  /embed|^bag$/i,
  /pool|feature|represent|descriptor|latent|encoding|vector|cls_?token/i,
  /hidden|token/i,
] as const;

/**
 * Chooses the value that becomes the vector: what the caller names; else the output of floating numbers whose name says that it is a
 * vector; else one of two axes, then of four, then of three. A classifier's output gives way to the value before its last linear
 * layer, an image to the value before the last convolution, and the boxes of a detector to its deepest map.
 * @returns the plan, and sentences on what was chosen
 * @throws BagsslError `bad-argument` for a name that the graph does not have
 */
export function planOutput(
  signature: ModelSignature,
  file: string,
  { output, pool = 'mean' }: { readonly output?: string; readonly pool?: 'mean' | 'first' },
): { readonly plan: OutputPlan; readonly notes: readonly string[] } {
  const { outputs } = signature;
  const isOutput = (name: string) => outputs.some((each) => each.name === name);
  if (output !== undefined) {
    if (!isOutput(output) && !signature.nodes.some((node) => node.output.includes(output))) {
      throw new BagsslError(
        'bad-argument',
        `onnx.output: ${file} has no value ${quote(output)}. Its outputs: ${outputs.slice(0, 12).map(shownValue).join(', ')}; any value inside the graph can be named too.`,
      );
    }
    return { plan: { name: output, isOutput: isOutput(output), pool }, notes: [] };
  }
  const ranked = [...outputs].sort((a, b) => rank(a) - rank(b) || widthOf(b) - widthOf(a));
  const [chosen] = ranked;
  const notes: string[] = [];
  if (outputs.length > 1) {
    const others = ranked.slice(1, 6).map(({ name }) => quote(name));
    notes.push(
      `Of ${outputs.length} outputs ${shownValue(chosen)} is taken, not ${others.join(', ')} (set onnx.output, --encoder-output).`,
    );
  }
  const inside = (name: string, note: string) => ({
    plan: { name, isOutput: isOutput(name), pool },
    notes: [...notes, note],
  });
  const isNamed = kindRank(chosen) === 0 && nameRank(chosen) < VECTORS.length;
  const labelled = isNamed ? undefined : scoresBehind(signature, chosen.name);
  const end = isNamed ? undefined : beforeClassifier(signature, labelled ?? chosen.name);
  if (end) {
    const { before, linear, scores } = end;
    const what = scores ? `scores of classes (${scores})` : 'what a last linear layer gives';
    return inside(
      before,
      `${shownValue(chosen)} is ${labelled ? `labels of ${what}` : what}, which is no embedding: the value before that layer (${linear}), ${quote(before)}, is taken (set onnx.output or --encoder-output to ${quote(chosen.name)} for the other).`,
    );
  }
  if (labelled) {
    return inside(
      labelled,
      `${shownValue(chosen)} is labels, which are no embedding: the scores that they are made of, ${quote(labelled)}, are taken (set onnx.output or --encoder-output to another).`,
    );
  }
  const isOfImage =
    isImage(chosen) || isEncoded(signature, chosen.name) || (!isNamed && isOpenImage(signature, chosen));
  const beforeImage = isOfImage ? beforeLastLayer(signature, chosen.name) : undefined;
  if (beforeImage !== undefined) {
    return inside(
      beforeImage,
      `${shownValue(chosen)} is an image, which is no embedding: the value before the last convolution, ${quote(beforeImage)}, is taken (set onnx.output or --encoder-output to another).`,
    );
  }
  const map = isNamed || isOfImage ? undefined : deepMap(signature, chosen);
  if (map !== undefined) {
    return inside(
      map,
      `${shownValue(chosen)} is what a detector says of boxes, which is no embedding: the deepest map before that, ${quote(map)}, is taken (set onnx.output or --encoder-output to another).`,
    );
  }
  return { plan: { name: chosen.name, isOutput: true, pool }, notes };
}

/** Channels of an image, at most. */
const MOST_COLOURS = 4;

/** Whether an output has at most four channels and many positions: what a model gives that makes images of images. */
function isImage({ dims = [] }: ModelValue): boolean {
  if (dims.length !== 4) return false;
  const [, a, b, c] = dims;
  const isFew = (extent: number | string) => typeof extent === 'number' && extent <= MOST_COLOURS;
  const isMany = (extent: number | string) => typeof extent === 'string' || extent > 8;
  return (isFew(a) && isMany(b) && isMany(c)) || (isMany(a) && isMany(b) && isFew(c));
}

/** Names of images of one number a position. */
const ONE_NUMBER = /depth|disparity|matte|alpha/i;

/** Whether an output is an image as its axes' names, its own name, or the last convolution show: depths, or channels that the file leaves open. */
function isOpenImage(signature: ModelSignature, value: ModelValue): boolean {
  const { dims = [], name } = value;
  if (dims.length === 3) {
    const given = signature.inputs[0]?.dims ?? [];
    const places =
      given[1] === 3 || given[1] === 1 || typeof given[1] === 'string' ? given.slice(2) : given.slice(1, 3);
    const isSame = given.length === 4 && places.every((extent, k) => extent !== '' && extent === dims[k + 1]);
    return isSame || ONE_NUMBER.test(name);
  }
  if (dims.length !== 4 || typeof dims[1] !== 'string') return false;
  const isMany = dims.slice(2).every((extent) => typeof extent === 'string' || extent > 8);
  return isMany && (lastChannels(signature, name) ?? MOST_COLOURS + 1) <= MOST_COLOURS;
}

const nameRank = ({ name }: ModelValue): number => {
  const found = VECTORS.findIndex((pattern) => pattern.test(name));
  return found < 0 ? VECTORS.length : found;
};

/** The extent of the last axis, where the file says it. */
const widthOf = ({ dims }: ModelValue): number => Number(dims?.at(-1)) || 0;

/** Floating numbers, in ONNX's codes, or what the file says nothing of, before whole numbers, and those before what is none. */
const kindRank = ({ type }: ModelValue): number =>
  [1, 10, 11, 16, -1].includes(type) ? 0 : [0, 8, 9].includes(type) ? 2 : 1;

/** By kind, by name, then by the number of axes; of two outputs alike the wider comes first. */
function rank(value: ModelValue): number {
  const axes = [2, 4, 3].indexOf(value.dims?.length ?? 2);
  return kindRank(value) * 1000 + nameRank(value) * 10 + (axes < 0 ? 9 : axes);
}
