// In trainer-onnx.worker.js, this is in the place of the kinds of encoders that read no file (scripts/build.mjs).
import { BagsslError } from '../src/base/errors.ts';
import type { EncoderKind } from '../src/model/encoders/kind.ts';

const other = (): never => {
  throw new BagsslError(
    'bad-argument',
    'trainerUrl is the address of trainer-onnx.worker.js, but the encoder is no .onnx file; give that of trainer.worker.js.',
  );
};

const kind: EncoderKind<never> = {
  get rules() {
    return other();
  },
  width: other,
  build: other,
};

export { kind as conv, kind as convmixer, kind as depthwise, kind as resnet, kind as vit };
