import { BagsslError } from '../src/base/errors.ts';
import { neededFor } from '../src/onnx-encoder/graph-walk.ts';
import type { ImagePart } from '../src/onnx-encoder/image-part.ts';
import type { ModelSignature } from '../src/onnx-encoder/model-signature.ts';

// In place of the parts of a model that are run where background is left out: a worker's script is held to a size.

const refused = (why: string) =>
  new BagsslError('bad-model', `${why}. The part that embeds is run where background is left out.`);

export function neededPart(): never {
  throw refused('ONNX Runtime cannot load this .onnx file as a whole');
}

export function imagePart(signature: ModelSignature, file: string): ImagePart {
  const { inputs } = signature;
  if (inputs.length > 1) throw refused(`${file} has ${inputs.length} inputs`);
  return { signature, made: [], notes: [] };
}

export function vectorPart(
  model: Uint8Array,
  name: string,
  { nodes }: ModelSignature,
  _part: ImagePart,
  output: string,
): { readonly model: Uint8Array; readonly notes: readonly string[] } {
  const needed = [...neededFor(nodes, [output]).nodes];
  if (needed.some(({ opType = '' }) => opType.startsWith('Random'))) throw refused(`${name} draws random values`);
  return { model, notes: [] };
}
