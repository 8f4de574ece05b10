import { BagsslError } from '../base/errors.ts';
import { FILE_MODEL } from '../graph/file-proto.ts';
import { writeMessage } from '../graph/protobuf/write.ts';
import type { Program } from '../runtime/program.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { type InputPlan, inputDims } from './input-plan.ts';
import { neededPart } from './needed-part.ts';
import type { OnnxEncoder } from './onnx-encoder.ts';
import { type PooledRows, pooledRows } from './pool-output.ts';
import { InputBatch } from './prepare.ts';

/** Elements of one run's input, at most, where the model takes any number of images: 6 of 224×224. */
const MOST_ELEMENTS = 2 ** 20;
/** Images of one run, at most. */
const MOST_IMAGES = 64;

/** An .onnx file compiled as it is. */
export class OnnxProgram {
  /** The model takes several images at a time, as its file says; a run may show that it does not. */
  #takesMany: boolean;

  private constructor(
    private readonly encoder: OnnxEncoder,
    private readonly program: Program,
    /** Dimensions of the vectors. */
    readonly width: number,
    /** The shape of the value that they are made of, of one run. */
    readonly dims: readonly number[],
  ) {
    this.#takesMany = encoder.input.batch === undefined;
  }

  /**
   * Compiles the model and tries it with one grey image.
   * @throws BagsslError `bad-model` for a model that ONNX Runtime cannot load or run, saying why; `out-of-memory`
   */
  static async open(runtime: Runtime, encoder: OnnxEncoder): Promise<OnnxProgram> {
    const program = await compiled(runtime, encoder);
    try {
      const grey = new InputBatch(encoder.input, 1);
      grey.addGrey();
      const { width, dims } = await vectorsOf(encoder, program, grey, 0, 1).catch((error) => {
        throw explained(error, encoder);
      });
      return new OnnxProgram(encoder, program, width, dims);
    } catch (error) {
      await program.dispose();
      throw error;
    }
  }

  /** An empty batch of as many images as one run takes. */
  batch(): InputBatch {
    const { input } = this.encoder;
    return new InputBatch(input, input.batch ?? MOST_IMAGES, MOST_ELEMENTS);
  }

  /**
   * The vectors of a batch's images, [images, width].
   * @throws BagsslError `bad-model`, `device-lost`, `out-of-memory`
   */
  async run(batch: InputBatch): Promise<Float32Array> {
    const { encoder, program, width } = this;
    const { count } = batch;
    if (encoder.input.batch !== undefined || (this.#takesMany && count > 1)) {
      try {
        return this.#checked(await vectorsOf(encoder, program, batch, 0, count));
      } catch (error) {
        const isOwn = error instanceof BagsslError && error.code !== 'shape-mismatch';
        if (encoder.input.batch !== undefined || isOwn) throw explained(error, encoder);
        // Exporters leave the batch open where constants inside the graph fix it to one: such a model gets one image at a time.
        this.#takesMany = false;
      }
    }
    const all = new Float32Array(count * width);
    for (let k = 0; k < count; k++) {
      const found = await vectorsOf(encoder, program, batch, k, 1).catch((error) => {
        throw explained(error, encoder);
      });
      all.set(this.#checked(found), k * width);
    }
    return all;
  }

  /** Vectors of the same width as those of the first run: of boxes that a model finds there are not as many in every image. */
  #checked({ data, width, dims }: Vectors): Float32Array {
    if (width === this.width) return data;
    const { name, output } = this.encoder;
    throw new BagsslError(
      'shape-mismatch',
      `${name}: "${output.name}" is [${dims}] and was [${this.dims}] before, so vectors would have ${this.width} numbers or ${width}; name another value (onnx.output).`,
    );
  }

  /** Frees the model. */
  dispose(): Promise<void> {
    return this.program.dispose();
  }
}

async function compiled(runtime: Runtime, encoder: OnnxEncoder): Promise<Program> {
  const { model, data, input, output, name } = encoder;
  const compile = (made: Uint8Array) =>
    runtime.compile(
      made,
      [...data].map(([path, data]) => ({ path, data })),
    );
  const part = () => compile(neededPart(model, output.name, input.inside && { input: newInput(input) }));
  try {
    if (input.inside) return await part();
    // What ONNX Runtime cannot load as a whole, it may without what the vector does not need.
    return await compile(withOutput(encoder)).catch((error) => (unloadable(error) ? part() : Promise.reject(error)));
  } catch (error) {
    const cause = unloadable(error);
    if (!cause) throw error;
    throw new BagsslError(
      'bad-model',
      `${name}: ONNX Runtime (${runtime.device}) cannot load it: ${firstLine(cause)}`,
      { cause },
    );
  }
}

/** ONNX Runtime's own error, where it cannot load a model. */
const unloadable = (error: unknown): unknown =>
  error instanceof BagsslError && error.code === 'bad-model' ? error.cause : undefined;

/** Pixels in place of what a decoder gives, of uint8. */
const newInput = (plan: InputPlan) => ({ name: plan.name, type: 2, axes: inputDims(plan, 1).length });

/** The model with the chosen value as one more output. A message that is written twice is merged, so the file's bytes stay. */
function withOutput({ model, output: { name, isOutput } }: OnnxEncoder): Uint8Array {
  if (isOutput) return model;
  const more = writeMessage(FILE_MODEL, { graph: { output: [{ name }] } });
  const whole = new Uint8Array(model.length + more.length);
  whole.set(model);
  whole.set(more, model.length);
  return whole;
}

interface Vectors extends PooledRows {
  /** The shape of the value that they are made of. */
  readonly dims: readonly number[];
}

/** The vectors of `count` images of a batch, from `first` on, in one run. */
async function vectorsOf(
  { input, output, name }: OnnxEncoder,
  { session, runtime }: Program,
  batch: InputBatch,
  first: number,
  count: number,
): Promise<Vectors> {
  const images = input.batch ?? count;
  const pixels = batch.data(first, count, images) as Float32Array;
  const tensor = new runtime.ort.Tensor(input.type as 'float32', pixels, inputDims(input, images));
  // What fails is thrown, so ONNX Runtime need not print it as well.
  const quiet = { logSeverityLevel: 4 } as const;
  const results = await runtime.run(() => session.run({ [input.name]: tensor }, [output.name], quiet));
  const { dims } = results[output.name];
  const found = pooledRows(results[output.name], images, output, input);
  if (found) return { ...found, dims, data: found.data.subarray(0, count * found.width) };
  throw new BagsslError(
    'shape-mismatch',
    `${name}: "${output.name}" is [${dims}] for ${images} images, so its rows are not theirs; name another value (onnx.output).`,
  );
}

/** An error of ONNX Runtime's in a sentence that says what to do. */
function explained(error: unknown, { name, input, sizeAssumed }: OnnxEncoder): unknown {
  if (error instanceof BagsslError) return error;
  const advice = sizeAssumed
    ? `The file leaves the input's size open and ${input.rows}×${input.columns} was tried; give the model's own (onnx.input.size, --encoder-size).`
    : 'Try the file in ONNX Runtime by itself, or export it again.';
  return new BagsslError('bad-model', `${name} cannot be run: ${firstLine(error)} ${advice}`, { cause: error });
}

const firstLine = (error: unknown) =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0].slice(0, 400);
