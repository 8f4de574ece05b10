import type { FoundNode } from '../graph/file-proto.ts';
import { constantsOf, producersOf } from './graph-walk.ts';
import { LAYERS, PRODUCTS, weightDims } from './last-layer.ts';
import type { ModelSignature } from './model-signature.ts';

/** The end of a classifier, walked back from one of its outputs. */
export interface ClassifierEnd {
  /** The value before its last linear layer. */
  readonly before: string;
  /** The linear layer's operator. */
  readonly linear: string;
  /** The operator that makes scores of what the layer gives, such as Softmax; undefined: there is none. */
  readonly scores?: string;
}

/** Operators that make scores of what a linear layer gives. */
const SCORES = new Set(['Softmax', 'LogSoftmax', 'Sigmoid', 'Hardmax', 'HardSigmoid']);
/** Operators that leave values as they are but for their place, type or precision. */
const RENAMING = new Set([
  ...['Identity', 'Cast', 'Flatten', 'Reshape', 'Squeeze', 'Unsqueeze', 'Transpose', 'Dropout'],
  ...['DequantizeLinear', 'QuantizeLinear', 'DynamicQuantizeLinear'],
]);
const GEMMS = new Set(['Gemm', 'QGemm', 'FusedGemm']);
const SUMS = new Set(['Add', 'Sub', 'QLinearAdd', 'BiasAdd']);
/** What makes one position of all. */
const POOLING = new Set(['GlobalAveragePool', 'AveragePool', 'ReduceMean', 'GlobalMaxPool']);
/** What a head may compute of a pooled vector, besides products, sums and convolutions. */
const ACTIVATIONS = new Set(['Relu', 'HardSwish', 'HardSigmoid', 'Sigmoid', 'Clip', 'Mul', 'Div', 'Gelu']);
/** Operators that make labels of scores. */
const LABELS = new Set(['ZipMap', 'ArrayFeatureExtractor', 'ArgMax', 'TopK', 'LabelEncoder']);
/** Names of what is said of every token, such as each box of a detector. */
const OF_TOKENS = /logit|score|class|box/i;
/** The widths of features are multiples of it, the numbers of classes seldom are. */
const EVEN_WIDTH = 16;

/** How far back an end is looked for, nodes. */
const FAR = 16;

/**
 * The value before the last linear layer, where an output is what such a layer gives (with or without a bias and an operator that
 * makes scores of it). A classifier's logits are no embedding; what they are computed from is. No operator is computed: the names
 * of operators and which values are constant decide.
 */
export function beforeClassifier(signature: ModelSignature, output: string): ClassifierEnd | undefined {
  const producers = producersOf(signature.nodes);
  const isConstant = constantsOf(signature, producers);
  const dataOf = ({ input }: FoundNode) => input.find((name) => name && !isConstant(name));
  const operator = (name: string) => producers.get(name)?.opType ?? '';

  const hasBias = (name: string) =>
    SUMS.has(operator(name)) && producers.get(name)!.input.some((each) => each && isConstant(each));

  /** Back through operators of these kinds, along what is not constant. */
  const back = (
    name: string,
    through: ReadonlySet<string>,
    met?: (operator: string) => void,
    passes = (_: string) => false,
  ): string => {
    let at = name;
    for (let step = 0; step < FAR && (through.has(operator(at)) || passes(at)); step++) {
      met?.(operator(at));
      const next = dataOf(producers.get(at)!);
      if (next === undefined) break;
      at = next;
    }
    return at;
  };

  /** The product behind a value, through its bias and the scale of a quantised product. */
  const productBehind = (name: string, steps = 6, isHalved = false): FoundNode | undefined => {
    const node = producers.get(name);
    if (!node || steps === 0) return undefined;
    const { opType = '', input } = node;
    if (PRODUCTS.has(opType)) return input.slice(1).some(isConstant) || isConstant(input[0]) ? node : undefined;
    const isScaled = ['Mul', 'Div'].includes(opType) && input.some((each) => each && isConstant(each));
    if (hasBias(name) || isScaled || RENAMING.has(opType)) {
      const data = dataOf(node);
      return data === undefined ? undefined : productBehind(data, steps - 1, isHalved || isScaled);
    }
    if (opType === 'Add' && isHalved) {
      // A distilled network has two heads, and gives the mean of what they say.
      const [first, second] = input.map((each) => productBehind(each, steps - 1));
      return second && first;
    }
    if (opType !== 'Mul') return undefined;
    // A dynamically quantised layer: Cast(MatMulInteger(…)) × its scales, which depend on the input.
    const casts = input.filter((each) => operator(each) === 'Cast');
    return casts.map((each) => productBehind(each, steps - 1)).find((found) => found?.opType === 'MatMulInteger');
  };

  let scores: string | undefined;
  const logits = back(output, new Set([...SCORES, ...RENAMING]), (type) => {
    if (SCORES.has(type)) scores ??= type;
  });
  const product = productBehind(logits);
  if (product) {
    const isVector = GEMMS.has(product.opType ?? '') || scores !== undefined || hasTwoAxes(signature, output);
    if (!isVector && !OF_TOKENS.test(output)) return undefined;
    const quantised = new Set([
      'DequantizeLinear',
      'QuantizeLinear',
      'DynamicQuantizeLinear',
      'Cast',
      'Identity',
      'Dropout',
    ]);
    return { before: back(dataOf(product) ?? '', quantised), linear: product.opType ?? '', ...(scores && { scores }) };
  }
  let pools = false;
  const through = new Set([...POOLING, ...RENAMING, 'Relu']);
  const positions = back(logits, through, (type) => (pools ||= POOLING.has(type)), hasBias);
  const node = producers.get(positions);
  if (node?.opType !== 'Conv') return undefined;
  const dims = weightDims(signature, producers, node) ?? [];
  const kernel = node.attribute.find(({ name }) => name === 'kernel_shape')?.ints;
  const extents = kernel ?? dims.slice(2);
  if (extents.length === 0 || !extents.every(isOne)) return undefined;

  /** Whether a value has one position: all that it is computed from is pooled. */
  const seen = new Map<FoundNode, boolean>();
  const isPooled = (name: string, steps = FAR): boolean => {
    const made = producers.get(name);
    if (!made || steps === 0) return false;
    const known = seen.get(made);
    if (known !== undefined) return known;
    const { opType = '', input } = made;
    seen.set(made, POOLING.has(opType));
    if (POOLING.has(opType)) return true;
    const isLayer = LAYERS.has(opType) && (weightDims(signature, producers, made) ?? []).slice(2).every(isOne);
    const passes = RENAMING.has(opType) || ACTIVATIONS.has(opType) || SUMS.has(opType) || isLayer;
    const data = input.filter((each) => each && !isConstant(each));
    const found = passes && data.length > 0 && data.every((each) => isPooled(each, steps - 1));
    seen.set(made, found);
    return found;
  };

  // A map of features that is pooled at the end has an even width; one of another width is of classes.
  const isOdd = dims[0] !== undefined && dims[0] % EVEN_WIDTH !== 0;
  const isClasses = scores
    ? isPooled(node.input[0]) || positions !== logits
    : hasTwoAxes(signature, output) && (isPooled(node.input[0]) || (pools && isOdd));
  if (!isClasses) return undefined;
  return { before: back(node.input[0], RENAMING), linear: 'Conv', ...(scores && { scores }) };
}

/** The scores that an output of labels is made of; undefined for any other. */
export function scoresBehind(signature: ModelSignature, output: string): string | undefined {
  const producers = producersOf(signature.nodes);
  const isConstant = constantsOf(signature, producers);
  let at: string | undefined = output;
  let found: string | undefined;
  for (let step = 0; step < FAR && at !== undefined; step++) {
    const node: FoundNode | undefined = producers.get(at);
    const { opType = '' } = node ?? {};
    if (!LABELS.has(opType) && !RENAMING.has(opType)) break;
    at = node?.input.find((name) => name && !isConstant(name));
    if (LABELS.has(opType)) found = at;
  }
  return found !== undefined && producers.has(found) ? found : undefined;
}

const isOne = (extent: number) => extent === 1;

/** Whether the file says that an output is [batch, width]; where it says nothing, it may be. */
function hasTwoAxes({ outputs }: ModelSignature, name: string): boolean {
  const dims = outputs.find((output) => output.name === name)?.dims;
  return dims === undefined || dims.length === 2;
}
