import { type EncoderKinds, encoderKinds } from './encoders/index.ts';
import { onnx } from './encoders/onnx.ts';

/** Every kind of encoder, .onnx files too: for training, exports and descriptions, which may meet one. */
export const allEncoderKinds: EncoderKinds = { ...encoderKinds, onnx };
