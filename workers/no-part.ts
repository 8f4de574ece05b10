import { BagsslError } from '../src/base/errors.ts';

/** In place of the part of a model that ONNX Runtime can load, in a worker, whose script is held to a size. */
export function neededPart(): never {
  throw new BagsslError(
    'bad-model',
    'ONNX Runtime cannot load this .onnx file as a whole. The part that embeds is run where background is left out.',
  );
}
