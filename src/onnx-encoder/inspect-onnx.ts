import { BagsslError } from '../base/errors.ts';
import { checkOptions, FUNCTION, OBJECT, type Rules, SIGNAL, SWITCH } from '../base/options.ts';
import { isA } from '../base/values.ts';
import type { Shape } from '../graph/graph.ts';
import { withExternalData } from '../graph/import/with-external-data.ts';
import { RUNTIME_RULES, Runtime, type RuntimeOptions, runtimeOptions } from '../runtime/runtime.ts';
import { type CutCandidate, cutCandidates } from './cut-candidates.ts';
import { type FilesBeside, filesBeside } from './files-beside.ts';
import { imagePart } from './image-part.ts';
import type { InputPlan } from './input-plan.ts';
import { insideShapes, type ModelFacts, modelFacts, typeName } from './model-facts.ts';
import { type ModelSignature, type ModelValue, modelSignature } from './model-signature.ts';
import { OnnxEncoder } from './onnx-encoder.ts';
import { checkOnnxOptions, type OnnxOptions } from './onnx-options.ts';
import { OnnxProgram } from './onnx-program.ts';
import { openOnnx } from './open-onnx.ts';
import { type OutputPlan, planOutput } from './output-plan.ts';
import { type Blocker, SHOWN_BATCH, trainingReading } from './training-reading.ts';

export type { Blocker };

/** How a file is inspected. */
export interface InspectOnnxOptions extends RuntimeOptions {
  /** What is said with the file: its input's size, the output to take, and so on. */
  readonly onnx?: OnnxOptions;
  /** Whether it is tried in ONNX Runtime with one grey image; default true. */
  readonly run?: boolean;
  /** Stops it with an `aborted` error. */
  readonly signal?: AbortSignal;
  /** Bytes that have arrived, of how many; Infinity where the server does not say. */
  readonly onProgress?: (done: number, total: number) => void;
}

const RULES: Rules<InspectOnnxOptions> = {
  ...RUNTIME_RULES,
  onnx: OBJECT,
  run: SWITCH,
  signal: SIGNAL,
  onProgress: FUNCTION,
};

/** An input or output of a file. */
export interface InspectedValue {
  /** As the file calls it. */
  readonly name: string;
  /** Such as `float32`. */
  readonly type: string;
  /** Extents, and the names of those that are open ('' where there is none); absent: the file does not say. */
  readonly dims?: readonly (number | string)[];
}

/** A file that holds a model's weights. */
export interface InspectedData {
  /** Its name, relative to the model's folder. */
  readonly file: string;
  /** Bytes that the model names of it. */
  readonly needed: number;
  /** Bytes that it has; absent: it cannot be read. */
  readonly bytes?: number;
  /** Why it cannot be used. */
  readonly problem?: string;
}

/** Whether ONNX Runtime runs a file as it is, and how. */
export interface InspectedRun {
  /** Whether it embeds; undefined: it was not tried. */
  readonly runs?: boolean;
  /** Why it does not. */
  readonly reason?: string;
  /** How an image becomes its input. */
  readonly input?: InputPlan;
  /** Which of its values is the vector. */
  readonly output?: OutputPlan;
  /** Dimensions of the vector. */
  readonly width?: number;
  /** What was assumed or chosen: sentences that say how to set it. */
  readonly notes: readonly string[];
}

/** Whether a file is read for training. */
export interface InspectedTraining {
  /** Whether `fit` and `bagssl train` can train it. */
  readonly reads: boolean;
  /** Everything that stands against it. */
  readonly blockers: readonly Blocker[];
  /** The value that is cut at. */
  readonly output?: string;
  /** Side of the patches, px. */
  readonly size?: number;
  /** The file leaves the size open, so a run has to say it (`size`, --encoder-size). */
  readonly sizeOpen: boolean;
  /** Dimensions of the vector of a patch. */
  readonly width?: number;
  /** How many tensors train. */
  readonly tensors: number;
  /** Numbers in them. */
  readonly parameters: number;
  /** Floating-point numbers of the network that do not train. */
  readonly constants: number;
}

/** A value that can be the vector. */
export interface InspectedCandidate extends CutCandidate {
  /** Extents for any number of images (`batch`); absent: not known. */
  readonly dims?: readonly (number | string)[];
  /** It is the one that embedding and `bagssl train` take unless they are told another. */
  readonly chosen: boolean;
}

/** What there is to know about an .onnx file before it is used as an encoder. */
export interface OnnxInspection extends ModelFacts {
  /** The file's name. */
  readonly file: string;
  /** Its length. */
  readonly bytes: number;
  /** What a run must be given. */
  readonly inputs: readonly InspectedValue[];
  /** What a run gives. */
  readonly outputs: readonly InspectedValue[];
  /** Nodes in the graph itself, without those of functions and branches. */
  readonly nodes: number;
  /** The files beside it that hold its weights. */
  readonly data: readonly InspectedData[];
  /** Embedding with the file unchanged. */
  readonly asItIs: InspectedRun;
  /** Training it. */
  readonly training: InspectedTraining;
  /** Values to cut at, the outputs first. */
  readonly candidates: readonly InspectedCandidate[];
}

/** The side of patches that is tried where a file leaves it open, as embedding does. */
const USUAL_SIZE = 224;

/**
 * Says of an .onnx file what is in it, whether it embeds as it is, whether it can be trained with everything that stands against
 * it, and where it can be cut. It is tried in ONNX Runtime with one image. Beside the file the same files are read as in `createEmbedder`.
 * @throws BagsslError `bad-data` for what cannot be read or fetched; `bad-model` for what is no ONNX file; `aborted`
 */
export async function inspectOnnx(
  source: URL | string | Uint8Array,
  options: InspectOnnxOptions = {},
): Promise<OnnxInspection> {
  checkOptions('inspectOnnx', options, RULES);
  const { onnx = {}, run = true, signal, onProgress } = options;
  const { data: given = {}, cache = true, sha256, ...said } = checkOnnxOptions(onnx);
  const beside = isA(source, 'Uint8Array') ? undefined : await filesBeside(source, { cache, signal, onProgress });
  const file = beside?.name ?? 'the .onnx file';
  const model = beside ? await beside.model(sha256) : (source as Uint8Array);
  const whole = modelSignature(model, file);
  const facts = modelFacts(model, whole);
  const { found, states } = await dataOf(whole, given, beside);
  const asItIs = await tried(source, onnx, run, options);
  const signature = partOf(whole, file, said.output);
  const chosen = planOutput(signature, file, said).plan;
  const candidates = cutCandidates(signature);
  const asked = [...candidates.map(({ name }) => name), chosen.name];
  const size = typeof said.input?.size === 'object' ? Math.max(...said.input.size) : said.input?.size;
  const sizeOpen = isSizeOpen(signature);
  const config = {
    model:
      states.some(({ problem }) => problem) || found.size === 0
        ? model
        : withExternalData(model, Object.fromEntries(found)),
    output: chosen.name,
    ...(sizeOpen && { size: size ?? USUAL_SIZE }),
  };
  const { blockers, shapes, ...read } = trainingReading(config, asked);
  const inside = insideShapes(model);
  const dimsOf = (name: string) =>
    shownDims(shapes.get(name), signature) ??
    inside.get(name) ??
    signature.outputs.find((output) => output.name === name)?.dims;
  const listed = candidates.some(({ name }) => name === chosen.name)
    ? candidates
    : [{ name: chosen.name, what: 'named' }, ...candidates];
  return {
    file,
    bytes: model.length,
    ...facts,
    inputs: whole.inputs.map(shown),
    outputs: whole.outputs.map(shown),
    nodes: signature.nodes.length,
    data: states,
    asItIs,
    training: {
      reads: blockers.length === 0,
      blockers,
      output: chosen.name,
      ...sideOf(shapes, signature),
      sizeOpen,
      ...read,
    },
    candidates: listed.map(({ name, what }) => {
      const dims = dimsOf(name);
      return { name, what, ...(dims && { dims }), chosen: name === chosen.name };
    }),
  };
}

/** The part that encodes images, or a model in which there is none, which is said of its run. */
function partOf(whole: ModelSignature, file: string, output: string | undefined): ModelSignature {
  try {
    return imagePart(whole, file, output).signature;
  } catch (error) {
    if (error instanceof BagsslError) return whole;
    throw error;
  }
}

const shown = ({ name, type, dims }: ModelValue): InspectedValue => ({
  name,
  type: typeName(type),
  ...(dims && { dims }),
});

/** A shape with the batch's extent by its name, where the file leaves it open. */
function shownDims(shape: Shape | undefined, { inputs }: ModelSignature): readonly (number | string)[] | undefined {
  const batch = inputs[0]?.dims?.[0];
  if (!shape || typeof batch === 'number' || shape[0] !== SHOWN_BATCH) return shape;
  return [batch || 'batch', ...shape.slice(1)];
}

function isSizeOpen({ inputs: [input] }: ModelSignature): boolean {
  const dims = input?.dims ?? [];
  const isLast = typeof dims[3] === 'number' && dims[3] <= 3 && dims[1] !== 3 && dims[1] !== 1;
  const [rows, columns] = isLast ? [dims[1], dims[2]] : [dims[2], dims[3]];
  return typeof rows === 'string' || typeof columns === 'string';
}

/** The side of the patches, where images could be read. */
function sideOf(shapes: ReadonlyMap<string, Shape>, { inputs: [input] }: ModelSignature): { readonly size?: number } {
  const shape = input && shapes.get(input.name);
  if (!shape) return {};
  const [, a, b, c] = shape;
  return { size: a === 3 || a === 1 ? Math.max(b, c) : Math.max(a, b) };
}

async function dataOf(
  signature: ModelSignature,
  given: Readonly<Record<string, Uint8Array>>,
  beside: FilesBeside | undefined,
) {
  const found = new Map<string, Uint8Array>();
  const states: InspectedData[] = [];
  for (const [file, needed] of signature.files) {
    try {
      const bytes = given[file] ?? (await beside?.data(file, needed));
      if (!bytes) states.push({ file, needed, problem: 'It was not given.' });
      else if (bytes.length < needed)
        states.push({ file, needed, bytes: bytes.length, problem: 'It is cut short, or of another model.' });
      else {
        found.set(file, bytes);
        states.push({ file, needed, bytes: bytes.length });
      }
    } catch (error) {
      if (!(error instanceof BagsslError) || error.code !== 'bad-data') throw error;
      states.push({ file, needed, problem: error.message });
    }
  }
  return { found, states };
}

/** Opens the file as `createEmbedder` does, and runs it with one image. */
async function tried(
  source: URL | string | Uint8Array,
  onnx: OnnxOptions,
  run: boolean,
  options: InspectOnnxOptions,
): Promise<InspectedRun> {
  const refused = (error: unknown): InspectedRun => {
    if (!(error instanceof BagsslError) || error.code === 'aborted' || error.code === 'device-unavailable') throw error;
    return { runs: false, reason: error.message, notes: [] };
  };
  const encoder = await openOnnx(source, { onnx, signal: options.signal }).catch(refused);
  if (!(encoder instanceof OnnxEncoder)) return encoder;
  const { input, output, notes } = encoder;
  const plan = { input, output, notes };
  if (!run) return plan;
  const runtime = await Runtime.open(runtimeOptions(options));
  try {
    const program = await OnnxProgram.open(runtime, encoder);
    const { width } = program;
    await program.dispose();
    return { runs: true, ...plan, width };
  } catch (error) {
    return { ...plan, ...refused(error), notes };
  }
}
