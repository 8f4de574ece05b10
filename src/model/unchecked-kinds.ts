import { type EncoderKinds, encoderKinds } from './encoders/index.ts';
import { unreadOnnx } from './encoders/onnx-config.ts';

/** Every kind of encoder, for checks that read no .onnx file. */
export const uncheckedKinds: EncoderKinds = { ...encoderKinds, onnx: unreadOnnx };
