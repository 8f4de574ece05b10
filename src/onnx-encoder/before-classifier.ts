import type { FoundNode } from '../graph/file-proto.ts';
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
  ...['Identity', 'Cast', 'Flatten', 'Reshape', 'Squeeze', 'Unsqueeze', 'Dropout'],
  ...['DequantizeLinear', 'QuantizeLinear', 'DynamicQuantizeLinear'],
]);
/** Linear layers, ONNX's own and those that ONNX Runtime's optimisers and quantisers write. */
const PRODUCTS = new Set([
  ...['Gemm', 'MatMul', 'MatMulInteger', 'QLinearMatMul', 'QGemm', 'FusedGemm', 'FusedMatMul'],
  ...['DynamicQuantizeMatMul', 'MatMulIntegerToFloat', 'MatMulNBits'],
]);
const GEMMS = new Set(['Gemm', 'QGemm', 'FusedGemm']);
const SUMS = new Set(['Add', 'Sub', 'QLinearAdd', 'BiasAdd']);
/** What stands between a 1×1 convolution that classifies every position and the scores of the image. */
const POOLING = new Set(['GlobalAveragePool', 'AveragePool', 'ReduceMean', 'Relu', 'GlobalMaxPool']);

const CONVOLUTIONS = ['Conv', 'ConvTranspose', 'QLinearConv', 'FusedConv', 'ConvInteger'];
const LAYERS = new Set([...CONVOLUTIONS, ...PRODUCTS]);

/** How far back an end is looked for, nodes. */
const FAR = 16;
/** What makes an image of a layer's values, up to the bytes of a file, can be long. */
const MOST_AFTER = 128;

/**
 * The value before the last linear layer, where an output is what such a layer gives (with or without a bias and an operator that
 * makes scores of it). A classifier's logits are no embedding; what they are computed from is. No operator is computed: the names
 * of operators and which values are constant decide.
 */
export function beforeClassifier(signature: ModelSignature, output: string): ClassifierEnd | undefined {
  const producers = producersOf(signature);
  const isConstant = constants(signature, producers);
  const dataOf = ({ input }: FoundNode) => input.find((name) => name && !isConstant(name));
  const operator = (name: string) => producers.get(name)?.opType ?? '';

  /** Back through operators of these kinds, along what is not constant. */
  const back = (name: string, through: ReadonlySet<string>, met?: (operator: string) => void): string => {
    let at = name;
    for (let step = 0; step < FAR && through.has(operator(at)); step++) {
      met?.(operator(at));
      const next = dataOf(producers.get(at)!);
      if (next === undefined) break;
      at = next;
    }
    return at;
  };

  /** The product behind a value, through its bias and the scale of a quantised product. */
  const productBehind = (name: string, steps = 6): FoundNode | undefined => {
    const node = producers.get(name);
    if (!node || steps === 0) return undefined;
    const { opType = '', input } = node;
    if (PRODUCTS.has(opType)) return input.slice(1).some(isConstant) || isConstant(input[0]) ? node : undefined;
    const hasBias = SUMS.has(opType) && input.some((each) => each && isConstant(each));
    if (hasBias || opType === 'Cast' || RENAMING.has(opType)) {
      const data = dataOf(node);
      return data === undefined ? undefined : productBehind(data, steps - 1);
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
    if (!isVector) return undefined;
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
  if (!scores) return undefined;
  const positions = back(logits, new Set([...POOLING, ...RENAMING]));
  const node = producers.get(positions);
  if (node?.opType !== 'Conv' || positions === logits) return undefined;
  const kernel = node.attribute.find(({ name }) => name === 'kernel_shape')?.ints;
  const extents = kernel ?? signature.tensors.get(node.input[1])?.dims.slice(2);
  if (!extents?.every((extent) => extent === 1)) return undefined;
  return { before: back(node.input[0], RENAMING), linear: 'Conv', scores };
}

/** Whether an output is the bytes of a file that a model encodes itself. */
export function isEncoded({ nodes }: Pick<ModelSignature, 'nodes'>, output: string): boolean {
  const node = nodes.find((each) => each.output.includes(output));
  return node?.opType === 'EncodeImage' || (node?.opType === 'Identity' && isEncoded({ nodes }, node.input[0]));
}

/** What the last convolution or product on the way to an output is computed from; undefined where there is none near. */
export function beforeLastLayer(signature: ModelSignature, output: string): string | undefined {
  const producers = producersOf(signature);
  // Colours are converted by a product.
  const layers = isEncoded(signature, output) ? new Set(CONVOLUTIONS) : LAYERS;
  const isConstant = constants(signature, producers);
  let at: string | undefined = output;
  for (let step = 0; step < MOST_AFTER && at !== undefined; step++) {
    const node: FoundNode | undefined = producers.get(at);
    const data: string | undefined = node?.input.find((name) => name && !isConstant(name));
    if (layers.has(node?.opType ?? '')) return producers.has(data ?? '') ? data : undefined;
    at = data;
  }
  return undefined;
}

function producersOf({ nodes }: ModelSignature): Map<string, FoundNode> {
  const producers = new Map<string, FoundNode>();
  for (const node of nodes) for (const name of node.output) if (name) producers.set(name, node);
  return producers;
}

/** Whether the file says that an output is [batch, width]; where it says nothing, it may be. */
function hasTwoAxes({ outputs }: ModelSignature, name: string): boolean {
  const dims = outputs.find((output) => output.name === name)?.dims;
  return dims === undefined || dims.length === 2;
}

/** Whether a value is the same in every run: a weight, a Constant, or computed from such alone. */
function constants({ tensors }: ModelSignature, producers: ReadonlyMap<string, FoundNode>): (name: string) => boolean {
  const known = new Map<string, boolean>();
  const isConstant = (name: string, depth = 0): boolean => {
    if (tensors.has(name)) return true;
    const seen = known.get(name);
    if (seen !== undefined) return seen;
    known.set(name, false); // for a cycle, which no valid model has
    const node = producers.get(name);
    const found =
      node !== undefined &&
      depth < FAR &&
      (node.opType === 'Constant' ||
        (node.input.length > 0 && node.input.every((each) => each === '' || isConstant(each, depth + 1))));
    known.set(name, found);
    return found;
  };
  return (name) => isConstant(name);
}
