import { givenParts } from '../base/options.ts';
import { encoderGraph } from '../encoder/encoder-graph.ts';
import type { PatchEncoder } from '../encoder/patch-encoder.ts';
import { modelOfAnyBatch } from '../graph/any-batch.ts';
import { portableOnnx } from '../graph/write-onnx.ts';
import { allEncoderKinds } from '../model/all-encoder-kinds.ts';
import { checkModel } from '../model/config.ts';

/**
 * An encoder in evaluation form as an .onnx file. Input: `patches` [batch, 3, size, size], float32, normalised as the recipe says.
 * Output: the feature under its own name, [batch, width], whitened if the encoder has a whitening.
 * @throws BagsslError `bad-argument`, `bad-checkpoint`, `shape-mismatch`; `bad-model` for a network of one batch size
 */
export function exportEncoder(encoder: PatchEncoder): Uint8Array {
  checkExported(encoder);
  return portableOnnx(modelOfAnyBatch((batch) => encoderGraph(encoder, batch, { kinds: allEncoderKinds })));
}

/** @throws BagsslError `bad-argument` for anything but an encoder whose network can be built */
export function checkExported(encoder: PatchEncoder): void {
  givenParts(encoder, 'What is exported', 'model', 'weights', 'recipe', 'feature', 'placement', 'with');
  checkModel(encoder.model, encoder.recipe.size, allEncoderKinds);
}
