import { checkAborted } from '../base/aborted.ts';
import { BagsslError } from '../base/errors.ts';
import { sha256 } from '../base/sha256.ts';
import { isA, quote } from '../base/values.ts';
import type { BagPlacement } from '../encoder/bag-placement.ts';
import { filesBeside } from './files-beside.ts';
import { imagePart, vectorPart } from './image-part.ts';
import { planInput } from './input-plan.ts';
import { modelSignature } from './model-signature.ts';
import { OnnxEncoder } from './onnx-encoder.ts';
import { checkOnnxOptions, type OnnxOptions } from './onnx-options.ts';
import { planOutput } from './output-plan.ts';

/** How an .onnx file is opened. */
export interface OpenOnnxOptions {
  /** What goes before what the file, and the files beside it, say. */
  readonly onnx?: OnnxOptions;
  /** Where the patches of a bag lie; default the whole image. */
  readonly placement?: BagPlacement;
  /** Stops the opening with an `aborted` error. */
  readonly signal?: AbortSignal;
  /** Bytes that have arrived, of how many; Infinity where the server does not say. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * The encoder in an .onnx file: at a path or a URL, or in bytes. Beside a file are read: the files that hold its weights, and the
 * first there is of preprocessor_config.json, processor_config.json, preprocess_cfg.json and config.json, which may also be one folder
 * up if the file's folder is called `onnx`, as Hugging Face lays it out.
 * @throws BagsslError `bad-data` for what cannot be read or fetched; `bad-model` for what is no model or does not take images;
 * `bad-argument`; `aborted`
 */
export async function openOnnx(
  source: URL | string | Uint8Array,
  { onnx = {}, placement = { kind: 'whole' }, signal, onProgress }: OpenOnnxOptions,
): Promise<OnnxEncoder> {
  const { data: given = {}, cache = true, ...options } = checkOnnxOptions(onnx);
  const beside = isA(source, 'Uint8Array') ? undefined : await filesBeside(source, { cache, signal, onProgress });
  const name = beside?.name ?? 'the .onnx file';
  const file = beside ? await beside.model(options.sha256) : (source as Uint8Array);
  const digest = options.sha256 === undefined ? undefined : await sha256(file);
  if (digest !== options.sha256?.toLowerCase()) {
    throw new BagsslError(
      'bad-data',
      `${name} is not the expected file: its ${file.length} bytes have SHA-256 ${digest}, not ${options.sha256} (onnx.sha256).`,
    );
  }
  const whole = modelSignature(file, name);
  const part = imagePart(whole, name, options.output);
  const { signature } = part;
  const config = await beside?.config();
  const { plan: input, notes, sizeAssumed } = planInput(signature, name, options.input, config);
  const output = planOutput(signature, name, options);
  const { model, notes: ofPart } = vectorPart(file, name, whole, part, output.plan.name);
  const left = model === file ? whole : modelSignature(model, name);
  const data = new Map<string, Uint8Array>();
  for (const [file, least] of left.files) {
    checkAborted(signal, `Opening ${name} was stopped.`);
    const bytes = given[file] ?? (await beside?.data(file, least));
    if (!bytes) {
      throw new BagsslError(
        'bad-data',
        `${name} keeps its weights in a second file, ${quote(file)}. Give its bytes: onnx: { data: { ${quote(file)}: bytes } }.`,
      );
    }
    if (bytes.length < least) {
      throw new BagsslError(
        'bad-data',
        `${quote(file)}, which holds the weights of ${name}, has ${bytes.length} bytes; ${least} are needed. It is cut short, or of another model; fetch it again.`,
      );
    }
    data.set(file, bytes);
  }
  const stranger = Object.keys(given).find((file) => !signature.files.has(file));
  if (stranger !== undefined) {
    throw new BagsslError(
      'bad-argument',
      `onnx.data: ${name} names no file ${quote(stranger)}; it names ${[...signature.files.keys()].map(quote).join(', ') || 'none'}.`,
    );
  }
  const all = [...ofPart, ...notes, ...output.notes];
  const plan = { ...output.plan, ...(model !== file && { isOutput: true }) };
  return new OnnxEncoder({ name, model, data, input, output: plan, placement, notes: all, sizeAssumed });
}
