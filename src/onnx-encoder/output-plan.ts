import { BagsslError } from '../base/errors.ts';
import { quote } from '../base/values.ts';
import { beforeClassifier, beforeLastLayer, isEncoded } from './before-classifier.ts';
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
 * Chooses the value that becomes the vector: what the caller names; else the output whose name says that it is a vector; else
 * one of two axes, then of four, then of three. A classifier's output gives way to the value before its last linear
 * layer, an image to the value before the last convolution.
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
  const end = nameRank(chosen) < VECTORS.length ? undefined : beforeClassifier(signature, chosen.name);
  if (!end) {
    const inside =
      isImage(chosen) || isEncoded(signature, chosen.name) ? beforeLastLayer(signature, chosen.name) : undefined;
    if (inside === undefined) return { plan: { name: chosen.name, isOutput: true, pool }, notes };
    notes.push(
      `${shownValue(chosen)} is an image, which is no embedding: the value before the last convolution, ${quote(inside)}, is taken (set onnx.output or --encoder-output to another).`,
    );
    return { plan: { name: inside, isOutput: isOutput(inside), pool }, notes };
  }
  const { before, linear, scores } = end;
  const what = scores ? `scores of classes (${scores})` : 'what a last linear layer gives';
  notes.push(
    `${shownValue(chosen)} is ${what}, which is no embedding: the value before that layer (${linear}), ${quote(before)}, is taken (set onnx.output or --encoder-output to ${quote(chosen.name)} for the other).`,
  );
  return { plan: { name: before, isOutput: isOutput(before), pool }, notes };
}

/** Whether an output has at most four channels and many positions: what a model gives that makes images of images. */
function isImage({ dims = [] }: ModelValue): boolean {
  if (dims.length !== 4) return false;
  const [, a, b, c] = dims;
  const isFew = (extent: number | string) => typeof extent === 'number' && extent <= 4;
  const isMany = (extent: number | string) => typeof extent === 'string' || extent > 8;
  return (isFew(a) && isMany(b) && isMany(c)) || (isMany(a) && isMany(b) && isFew(c));
}

const nameRank = ({ name }: ModelValue): number => {
  const found = VECTORS.findIndex((pattern) => pattern.test(name));
  return found < 0 ? VECTORS.length : found;
};

/** The extent of the last axis, where the file says it. */
const widthOf = ({ dims }: ModelValue): number => Number(dims?.at(-1)) || 0;

/** By name, then by the number of axes; of two outputs alike the wider comes first. */
function rank(value: ModelValue): number {
  const axes = [2, 4, 3].indexOf(value.dims?.length ?? 2);
  return nameRank(value) * 10 + (axes < 0 ? 9 : axes);
}
