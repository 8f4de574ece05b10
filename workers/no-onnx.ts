// In trainer.worker.js, this is in the place of what reads .onnx files (scripts/build.mjs).
import { BagsslError } from '../src/base/errors.ts';
import type { EncoderKind } from '../src/model/encoders/kind.ts';
import { ONNX_RULES, type OnnxConfig } from '../src/model/encoders/onnx-config.ts';

const other = (): never => {
  throw new BagsslError(
    'bad-argument',
    'trainerUrl is the address of trainer.worker.js, but the encoder is an .onnx file; give that of trainer-onnx.worker.js.',
  );
};

export const onnx: EncoderKind<OnnxConfig> = { rules: ONNX_RULES, width: other, build: other };
