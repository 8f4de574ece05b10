import {
  ADDRESS,
  FUNCTION,
  OBJECT,
  oneOf,
  type Rule,
  type Rules,
  SIGNAL,
  SWITCH,
  TEXT,
  whole,
} from '../base/options.ts';
import { LAYOUTS, type PartLayout } from '../encoder/bag-layout.ts';
import type { BagPlacement } from '../encoder/bag-placement.ts';
import type { TrainedRun } from '../encoder/encoder-parts.ts';
import type { PatchEncoder } from '../encoder/patch-encoder.ts';
import type { OnnxEncoder } from '../onnx-encoder/onnx-encoder.ts';
import type { OnnxOptions } from '../onnx-encoder/onnx-options.ts';
import { PRECISION_CHOICES, type PrecisionChoice } from '../runtime/precision.ts';
import { RUNTIME_RULES, type RuntimeOptions } from '../runtime/runtime.ts';

/**
 * Where an encoder comes from: an encoder itself, a trained run such as a `Checkpoint`, or a file: one of `PatchEncoder.write`, or an
 * .onnx file, which ONNX Runtime runs as it is. A file is given by its bytes or its URL, in Node and Deno also by its path.
 */
export type EncoderSource = PatchEncoder | OnnxEncoder | TrainedRun | Uint8Array | URL | string;

/** Which encoder, and how it is run. */
export interface CreateEmbedderOptions extends RuntimeOptions {
  /** Default: the encoder that comes with the package. */
  readonly encoder?: EncoderSource;
  /** How an .onnx file is run: what is given here goes before what the file, and files beside it, say. */
  readonly onnx?: OnnxOptions;
  /** Where the patches lie unless a call says otherwise; default the encoder's own, for an .onnx file the whole image. */
  readonly placement?: BagPlacement;
  /** How the patches' vectors become the image's, of an encoder of patches; default the encoder's own. */
  readonly layout?: PartLayout;
  /** What the network computes in; default float32. Vectors are float32 in any case. */
  readonly precision?: PrecisionChoice;
  /** Workers that cut patches; default 2. Set 0 to cut patches on the calling thread. */
  readonly workers?: number;
  /** Where patches.worker.js is, if not next to this module. */
  readonly workerUrl?: URL | string;
  /**
   * Embed in a worker, and decode images in others, so that a page stays responsive. Default false. `weigh`, `onError` and other
   * functions still run on the calling thread; an encoder that is code cannot be sent.
   */
  readonly background?: boolean;
  /** Where embedder.worker.js is, if not next to this module; for `background`. */
  readonly embedderUrl?: URL | string;
  /** Where decoder.worker.js is, if not next to this module; for `background`. */
  readonly decoderUrl?: URL | string;
  /** Stops the opening with `aborted`; each call that embeds has a signal of its own. */
  readonly signal?: AbortSignal;
  /** Bytes of the encoder's file that have arrived, of how many; Infinity where the server does not say. Files are read whole. */
  readonly onProgress?: (done: number, total: number) => void;
}

const SOURCE: Rule = {
  asked: 'an encoder, a checkpoint, bytes, a URL or a path',
  fits: (value) => OBJECT.fits(value) || TEXT.fits(value),
};

/** The rules of `CreateEmbedderOptions`, for the options objects that include it. */
export const CREATE_EMBEDDER_RULES: Rules<CreateEmbedderOptions> = {
  encoder: SOURCE,
  onnx: OBJECT,
  ...RUNTIME_RULES,
  placement: OBJECT,
  layout: oneOf(...LAYOUTS),
  precision: oneOf(...PRECISION_CHOICES),
  workers: whole(0, 256),
  workerUrl: ADDRESS,
  background: SWITCH,
  embedderUrl: ADDRESS,
  decoderUrl: ADDRESS,
  signal: SIGNAL,
  onProgress: FUNCTION,
};
