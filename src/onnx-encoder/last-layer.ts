import type { FoundNode } from '../graph/file-proto.ts';
import { constantsOf, producersOf } from './graph-walk.ts';
import type { ModelSignature } from './model-signature.ts';

/** Linear layers, ONNX's own and those that ONNX Runtime's optimisers and quantisers write. */
export const PRODUCTS = new Set([
  ...['Gemm', 'MatMul', 'MatMulInteger', 'QLinearMatMul', 'QGemm', 'FusedGemm', 'FusedMatMul'],
  ...['DynamicQuantizeMatMul', 'MatMulIntegerToFloat', 'MatMulNBits'],
]);

export const CONVOLUTIONS: readonly string[] = ['Conv', 'ConvTranspose', 'QLinearConv', 'FusedConv', 'ConvInteger'];
export const LAYERS: ReadonlySet<string> = new Set([...CONVOLUTIONS, ...PRODUCTS]);

/** What makes an image of a layer's values, up to the bytes of a file, can be long. */
const MOST_AFTER = 128;
/** How far back a weight is looked for, nodes. */
const FAR = 16;

/** Whether an output is the bytes of a file that a model encodes itself. */
export function isEncoded({ nodes }: Pick<ModelSignature, 'nodes'>, output: string): boolean {
  const node = nodes.find((each) => each.output.includes(output));
  return node?.opType === 'EncodeImage' || (node?.opType === 'Identity' && isEncoded({ nodes }, node.input[0]));
}

/** What the last convolution or product on the way to an output is computed from; undefined where there is none near. */
export function beforeLastLayer(signature: ModelSignature, output: string): string | undefined {
  return lastLayer(signature, output)?.before;
}

/**
 * The channels of what the last convolution on the way to an image gives, as they are in the image; undefined where they are not known.
 */
export function lastChannels(signature: ModelSignature, output: string): number | undefined {
  const { layer, made } = lastLayer(signature, output) ?? {};
  if (!layer || !CONVOLUTIONS.includes(layer.opType ?? '')) return undefined;
  const dims = weightDims(signature, producersOf(signature.nodes), layer);
  const group = layer.attribute.find(({ name }) => name === 'group')?.i ?? 1;
  const channels = layer.opType === 'ConvTranspose' ? (dims?.[1] ?? Number.NaN) * group : dims?.[0];
  return channels === undefined || Number.isNaN(channels) ? undefined : channels / made!;
}

/** The last layer on the way to an output, along the first operand that leads to one. */
function lastLayer(
  signature: ModelSignature,
  output: string,
): { readonly layer: FoundNode; readonly before: string; readonly made: number } | undefined {
  const producers = producersOf(signature.nodes);
  // Colours are converted by a product.
  const layers = isEncoded(signature, output) ? new Set(CONVOLUTIONS) : LAYERS;
  const isConstant = constantsOf(signature, producers);
  const seen = new Set<FoundNode>();
  const names: { readonly name: string; readonly made: number }[] = [{ name: output, made: 1 }];
  for (let at = names.pop(); at !== undefined && seen.size < MOST_AFTER; at = names.pop()) {
    const node = producers.get(at.name);
    if (!node || seen.has(node)) continue;
    seen.add(node);
    const data = node.input.filter((name) => name && !isConstant(name));
    if (layers.has(node.opType ?? '')) {
      if (producers.has(data[0] ?? '')) return { layer: node, before: data[0], made: at.made };
      continue;
    }
    const block =
      node.opType === 'DepthToSpace' ? (node.attribute.find(({ name }) => name === 'blocksize')?.i ?? 1) : 1;
    const made = at.made * block ** 2;
    for (const name of data.reverse()) names.push({ name, made });
  }
  return undefined;
}

/** The extents of a layer's weight, also one of whole numbers; undefined where it is computed otherwise. */
export function weightDims(
  { tensors }: ModelSignature,
  producers: ReadonlyMap<string, FoundNode>,
  { opType, input }: FoundNode,
): readonly number[] | undefined {
  let name = input[opType === 'QLinearConv' ? 3 : 1];
  for (let step = 0; step < FAR; step++) {
    const known = tensors.get(name);
    if (known) return known.dims;
    const node = producers.get(name);
    if (node?.opType === 'Constant') return node.attribute.find(({ t }) => t)?.t?.dims;
    if (!node || !['DequantizeLinear', 'Cast', 'Identity'].includes(node.opType ?? '')) return undefined;
    name = node.input[0];
  }
  return undefined;
}
