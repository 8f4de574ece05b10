import { BagsslError } from '../base/errors.ts';
import { checkOptions, needed, OBJECT, type Rules } from '../base/options.ts';
import { mappedOnnx } from '../onnx-encoder/mapped-onnx.ts';
import { OnnxEncoder } from '../onnx-encoder/onnx-encoder.ts';
import type { OnnxOptions } from '../onnx-encoder/onnx-options.ts';
import { OnnxProgram } from '../onnx-encoder/onnx-program.ts';
import { type Adaptation, adaptation, LEARNING_RULES, type LearningOptions } from './adaptation.ts';

/** Which .onnx file learns from which images. */
export interface AdaptOnnxOptions extends LearningOptions {
  /** The file's path, URL or bytes, or the encoder of an embedder that runs it. */
  readonly encoder: OnnxEncoder | Uint8Array | URL | string;
  /** How it is run: as in `createEmbedder`. */
  readonly onnx?: OnnxOptions;
}

const RULES: Rules<AdaptOnnxOptions> = {
  ...LEARNING_RULES,
  encoder: needed({ asked: 'an .onnx file: its path, URL or bytes', fits: (value) => value !== null }),
  onnx: OBJECT,
};

/**
 * As `adaptEncoder`, for an .onnx file that runs as it is: the network stays, and the map of its vectors is written behind it, so that
 * the result is an .onnx file as well (`onnxFiles` gives what to save).
 * @throws BagsslError `bad-argument` for another encoder; `bad-data`; whatever `createEmbedder` throws; `aborted`
 */
export async function adaptOnnx(options: AdaptOnnxOptions): Promise<Adaptation<OnnxEncoder>> {
  checkOptions('adaptOnnx', options, RULES);
  return adaptation<OnnxEncoder>(options, {
    check(encoder) {
      if (encoder instanceof OnnxEncoder) return encoder;
      throw new BagsslError('bad-argument', 'adaptOnnx takes an .onnx file; another encoder learns by adaptEncoder.');
    },
    async mapped(runtime, encoder, mean, map) {
      const program = await OnnxProgram.open(runtime, encoder);
      await program.dispose();
      return mappedOnnx(encoder, mean, map, program.dims);
    },
  });
}
