import { unlessAborted } from '../base/aborted.ts';
import { BagsslError } from '../base/errors.ts';
import {
  ADDRESS,
  checkOptions,
  FUNCTION,
  givenParts,
  OBJECT,
  oneOf,
  type Rule,
  type Rules,
  SIGNAL,
  TEXT,
  whole,
} from '../base/options.ts';
import { sayOnce } from '../base/shared.ts';
import { isA } from '../base/values.ts';
import { bytesAt } from '../data/bytes-at.ts';
import { type BagPlacement, checkBagPlacement } from '../encoder/bag-placement.ts';
import type { TrainedRun } from '../encoder/encoder-parts.ts';
import { PatchEncoder } from '../encoder/patch-encoder.ts';
import type { OnnxEncoder } from '../onnx-encoder/onnx-encoder.ts';
import type { OnnxOptions } from '../onnx-encoder/onnx-options.ts';
import { JobPool } from '../patches/job-pool.ts';
import { choosePrecision, PRECISION_CHOICES, type PrecisionChoice } from '../runtime/precision.ts';
import { RUNTIME_RULES, Runtime, type RuntimeOptions, runtimeOptions } from '../runtime/runtime.ts';
import { Embedder } from './embedder.ts';
import { PatchBags } from './patch-bags.ts';

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
  /** What the network computes in; default float32. Vectors are float32 in any case. */
  readonly precision?: PrecisionChoice;
  /** Workers that cut patches; default 2. Set 0 to cut patches on the calling thread. */
  readonly workers?: number;
  /** Where patches.worker.js is, if not next to this module. */
  readonly workerUrl?: URL | string;
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
  precision: oneOf(...PRECISION_CHOICES),
  workers: whole(0, 256),
  workerUrl: ADDRESS,
  signal: SIGNAL,
  onProgress: FUNCTION,
};

/**
 * An embedder ready for use: `const embedder = await createEmbedder()`, then `await embedder.embed(image)`. It starts ONNX
 * Runtime and the workers, and compiles the network. The encoder that comes with the package was trained on CIFAR-10 without
 * labels (docs/encoder.md: figures, limits, licence).
 * @throws BagsslError `bad-data` if the encoder's file cannot be read; `bad-checkpoint` if it is no encoder; `bad-argument`;
 * `shape-mismatch`; `bad-model` for a network of one batch size; `device-unavailable`; `worker-failed`; `aborted`
 */
export async function createEmbedder(options: CreateEmbedderOptions = {}): Promise<Embedder> {
  checkOptions('createEmbedder', options, CREATE_EMBEDDER_RULES);
  const { encoder: source, placement, signal } = options;
  if (placement) checkBagPlacement(placement);
  return unlessAborted(
    signal,
    'Opening the embedder was stopped.',
    async () => {
      const encoder = await encoderFrom(source, options);
      return open(placement ? encoder.with({ placement }) : encoder, options);
    },
    (late) => late.dispose(),
  );
}

/** What runs .onnx files as they are, which few pages need. */
const onnxBags = () => import('./onnx-bags.ts');
const encoderProgram = () => import('../encoder/encoder-program.ts');

/** The encoder of any source. */
export async function encoderFrom(
  given: EncoderSource | undefined,
  options: CreateEmbedderOptions,
): Promise<PatchEncoder | OnnxEncoder> {
  let source = given ?? new URL('./encoder.safetensors', import.meta.url);
  if (typeof source === 'string' || isA(source, 'URL')) {
    if (/\.onnx([?#]|$)/i.test(String(source))) return (await onnxBags()).openOnnx(source, options);
    [source] = await Promise.all([
      bytesAt(source, options),
      encoderProgram(), // needed as soon as the file has arrived
    ]);
  }
  // Safetensors have an opening brace as their ninth byte; ONNX begins with the field of its version.
  if (isA(source, 'Uint8Array') && source[0] === 8 && source[8] !== 0x7b)
    return (await onnxBags()).openOnnx(source, options);
  if (options.onnx) throw new BagsslError('bad-argument', 'onnx is for an .onnx file, which the encoder is not.');
  if (isA(source, 'Uint8Array')) return PatchEncoder.read(source);
  if ('config' in source) return PatchEncoder.from(source);
  if ('notes' in source) return source;
  givenParts(source, 'encoder', 'recipe', 'with');
  return source;
}

async function open(encoder: PatchEncoder | OnnxEncoder, options: CreateEmbedderOptions): Promise<Embedder> {
  const { precision = 'float32', onWarning = sayOnce, workers = 2, workerUrl } = options;
  if ('notes' in encoder) {
    const [runtime, { OnnxBags }] = await Promise.all([Runtime.open(runtimeOptions(options)), onnxBags()]);
    return new Embedder(encoder, runtime, await OnnxBags.open(runtime, encoder, options));
  }
  const [runtime, { encoderProgram: compile }, own] = await Promise.all([
    Runtime.open(runtimeOptions(options)),
    encoderProgram(),
    encoder.model.encoder.kind === 'onnx' ? import('../model/encoders/onnx.ts') : undefined,
  ]);
  const program = await compile(runtime, encoder, choosePrecision(runtime, precision, onWarning), own?.onnx);
  try {
    const pool = await JobPool.create({ workers, workerUrl });
    return new Embedder(encoder, runtime, new PatchBags(encoder, runtime, program, pool));
  } catch (error) {
    await program.program.dispose();
    throw error;
  }
}
