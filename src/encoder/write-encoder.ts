import { BagsslError } from '../base/errors.ts';
import { toHalf } from '../base/half.ts';
import { sha256 } from '../base/sha256.ts';
import { type SafeTensor, writeSafetensors } from '../formats/safetensors.ts';
import { createGraph } from '../graph/ops/index.ts';
import { checkModel } from '../model/config.ts';
import type { OnnxConfig } from '../model/encoders/onnx.ts';
import { featureOf } from '../model/network.ts';
import { Scope } from '../model/scope.ts';
import { type BagLayout, seesWhole } from './bag-layout.ts';
import type { BlockLayout } from './block-layout.ts';
import { blockTensors } from './block-tensors.ts';
import { type Header, NAMES, type WholeEncoder } from './encoder-parts.ts';

/** The work of `PatchEncoder.write`: apart, because what builds networks is large and few pages write encoders. */
export function writeEncoder(encoder: WholeEncoder): Uint8Array<ArrayBuffer> {
  const { model, weights, recipe, feature, placement, whitening, layout } = encoder;
  const { kind } = model.encoder;
  if (typeof kind === 'object') {
    throw new BagsslError(
      'bad-argument',
      `An encoder of your own kind, "${kind.name}", is code, which no file can hold. Keep its run's checkpoint, give the kind again, and use PatchEncoder.from(checkpoint).`,
    );
  }
  if (kind === 'onnx') {
    throw new BagsslError(
      'bad-argument',
      'An encoder read from an .onnx file is kept as that file, not as safetensors.',
    );
  }
  checkModel(model, recipe.size);
  const graph = createGraph();
  const scope = new Scope(graph, weights);
  featureOf(scope, model, graph.input('patches', [1, 3, recipe.size, recipe.size]), feature);
  const tensors: Record<string, SafeTensor> = {};
  const keep = (name: string, shape: readonly number[], values: Float32Array) => {
    const large = values.find((value) => !(Math.abs(value) < 65_520));
    if (large !== undefined) {
      throw new BagsslError('bad-argument', `Tensor "${name}" holds ${large}, which no half float can.`);
    }
    tensors[name] = { dtype: 'F16', shape, data: toHalf(values) };
  };
  for (const { spec, value } of [...scope.parameters, ...scope.statistics]) {
    keep(spec.name, spec.shape, value.data as Float32Array);
  }
  if (whitening) {
    keep(NAMES.mean, [whitening.width], whitening.mean);
    keep(NAMES.matrix, [whitening.width, whitening.width], whitening.matrix);
  }
  if (seesWhole(layout)) Object.assign(tensors, blockTensors(layout));
  const header: Header = { model, recipe, feature, placement, ...named(layout) };
  return writeSafetensors(tensors, { [NAMES.header]: JSON.stringify(header) });
}

/** A layout without its numbers; none for `mean`, which every encoder of 0.1.0 has. */
function named(layout: BagLayout): Pick<Header, 'layout'> {
  if (layout === 'mean') return {};
  if (!seesWhole(layout)) return { layout };
  const { kind, blocks } = layout;
  return { layout: { kind, blocks } };
}

/** The work of `PatchEncoder.digest`. */
export async function encoderDigest(encoder: WholeEncoder): Promise<string> {
  const { model, recipe, feature, placement, weights, whitening, layout } = encoder;
  const tensors: Record<string, ArrayBufferView> = {
    ...weights,
    ...(whitening && { [NAMES.mean]: whitening.mean, [NAMES.matrix]: whitening.matrix }),
  };
  if (seesWhole(layout)) Object.assign(tensors, numbersOf(layout));
  const digests: [string, string][] = [];
  for (const name of Object.keys(tensors).sort()) digests.push([name, await digestOf(tensors[name])]);
  const { encoder: network } = model;
  const file = network.kind === 'onnx' && (await digestOf((network as OnnxConfig).model));
  const told = {
    model: file ? { ...model, encoder: { ...network, model: file } } : model,
    recipe,
    feature,
    placement,
    ...named(layout),
  };
  return sha256(new TextEncoder().encode(JSON.stringify([told, digests], sorted)));
}

/** The numbers of a layout, by names of their own. */
function numbersOf({ whitenings, projection }: BlockLayout): Record<string, ArrayBufferView> {
  const parts = Object.entries({ ...whitenings, projection });
  return Object.fromEntries(
    parts.flatMap(([part, arrays]) => Object.entries(arrays).map(([name, data]) => [`layout.${part}.${name}`, data])),
  );
}

const digestOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  sha256(new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength));

/** For JSON whose text does not depend on the order in which an object got its fields. */
const sorted = (_: string, value: unknown) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;
