import { BagsslError } from '../../base/errors.ts';
import { BYTES, needed, oneOf, type Rules, TEXT, whole } from '../../base/options.ts';
import type { EncoderKind } from './kind.ts';

/**
 * A custom network: a feed-forward .onnx file of opset 7 to 23 that takes images and gives [batch, width], or
 * [batch, width, rows, columns], [batch, rows, columns, width] or [batch, tokens, width], of which the mean over positions is
 * taken. Images are [batch, 3, size, size], in float32 or uint8, or with the channels last, or grey; of patches for oblong ones the middle is taken.
 * Its floating tensors are the start of the parameters and train, as float32; scalars, and what the file computes from constants,
 * stay as they are.
 */
export interface OnnxConfig {
  /** A network from an .onnx file. */
  readonly kind: 'onnx';
  /** The file's bytes, with its data (`withExternalData`). A checkpoint keeps them, so that the network can be built again. */
  readonly model: Uint8Array;
  /**
   * `train`: batch norms normalise by the batch and keep running averages for evaluation, as in training from scratch.
   * `frozen`: they normalise by the statistics in the file, always; γ and β train.
   */
  readonly batchNorm: 'train' | 'frozen';
  /** The value to take as the output, by its name in the file, such as the one before a classifier; default the first output. */
  readonly output?: string;
  /** Side of the images, px, for a file that leaves their height and width open. */
  readonly size?: number;
  /** What to call the file in reports. */
  readonly name?: string;
}

export const ONNX_RULES: Rules<Omit<OnnxConfig, 'kind'>> = {
  model: needed(BYTES),
  batchNorm: needed(oneOf('train', 'frozen')),
  output: TEXT,
  size: whole(1, 1024),
  name: TEXT,
};

const unread = (): never => {
  throw new BagsslError('bad-model', 'The .onnx file has not been read yet.');
};

/**
 * The kind `onnx` until its module is loaded: a page checks a configuration before it loads what reads files, which is as large as
 * a third of the rest.
 */
export const unreadOnnx: EncoderKind<OnnxConfig> = { rules: ONNX_RULES, width: unread, build: unread };
