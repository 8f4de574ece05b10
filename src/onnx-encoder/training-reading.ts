import { BagsslError, type ErrorCode } from '../base/errors.ts';
import { quote } from '../base/values.ts';
import { externalPlace } from '../graph/external-data.ts';
import { reduceSum } from '../graph/functions.ts';
import { gradients } from '../graph/gradients.ts';
import { elements, type Shape, type Value } from '../graph/graph.ts';
import { buildOnnx, NO_VALUE } from '../graph/import/build.ts';
import type { Recorded } from '../graph/import/fixed-batch.ts';
import { folds } from '../graph/import/fold.ts';
import type { FileNode } from '../graph/import/nodes.ts';
import { inputsFor } from '../graph/import/order.ts';
import { type FileModel, parseOnnx } from '../graph/import/parse.ts';
import { ofList, readTensor } from '../graph/import/read-tensor.ts';
import { checkOperator } from '../graph/import/translate.ts';
import { createGraph } from '../graph/ops/index.ts';
import { asConstants } from '../graph/read-onnx.ts';
import { type OnnxConfig, onnx } from '../model/encoders/onnx.ts';
import { imageInput, inputShape } from '../model/encoders/onnx-input.ts';
import { Scope } from '../model/scope.ts';

/** Why a file cannot be read for training. */
export interface Blocker {
  /** The code of the error that training would throw. */
  readonly code: ErrorCode;
  /** In a sentence. */
  readonly reason: string;
  /** The nodes that it is about; 0: it is about the whole file. */
  readonly nodes: number;
  /** The first of them, by its place in the file. */
  readonly first?: string;
}

/** What reading a file for training gives. */
export interface TrainingReading {
  /** Everything that stands against it; empty: it reads. */
  readonly blockers: readonly Blocker[];
  /** Dimensions of the vector of a patch. */
  readonly width?: number;
  /** How many tensors train. */
  readonly tensors: number;
  /** Numbers in them. */
  readonly parameters: number;
  /** Floating-point numbers of the network that do not train. */
  readonly constants: number;
  /** Shapes of the file's values for a batch of `SHOWN_BATCH`, as far as they are known. */
  readonly shapes: ReadonlyMap<string, Shape>;
}

/** The batch that shapes are found for where the file leaves it open. */
export const SHOWN_BATCH = 2;

/** Zeros that stand for weights that are not there, elements in all. */
const MOST_ZEROS = 2 ** 28;

/**
 * Reads a file for training and collects everything that stands against it, not the first thing alone: what follows a node that
 * cannot be read is checked as far as that is possible without its shape. Nothing is run.
 * @param shown values whose shapes are wanted
 */
export function trainingReading(
  config: Pick<OnnxConfig, 'model' | 'output' | 'size'>,
  shown: readonly string[] = [],
): TrainingReading {
  let search = new Search(config, SHOWN_BATCH);
  let shapes = search.run(shown);
  if (search.blockers.length > 0) {
    // Constants inside may fix an open batch to one image; they are rewritten for any.
    const ofOne = new Search(config, 1);
    const found = ofOne.run(shown);
    if (ofOne.blockers.length === 0) [search, shapes] = [ofOne, found];
  }
  const none = { tensors: 0, parameters: 0, constants: 0, shapes };
  if (search.blockers.length > 0) return { ...none, blockers: grouped(search.blockers) };
  try {
    const graph = createGraph();
    const scope = new Scope(graph);
    const side = search.side!;
    const patches = graph.input('patches', [SHOWN_BATCH, 3, side, side]);
    const whole: OnnxConfig = { kind: 'onnx', batchNorm: 'train', ...config };
    const y = onnx.build(scope, whole, patches);
    const values = scope.parameters.map(({ value }) => value);
    if (values.length === 0) {
      throw new BagsslError('bad-model', 'It has no tensor that trains: no floating tensor of the file is a weight.');
    }
    const constants = sum(graph.constants.filter(({ dtype }) => dtype.startsWith('float')));
    gradients(reduceSum(y, [0, 1]), values);
    return { blockers: [], width: y.shape[1], tensors: values.length, parameters: sum(values), constants, shapes };
  } catch (error) {
    return { ...none, blockers: grouped([{ error: own(error) }]) };
  }
}

const sum = (values: readonly Value[]) => values.reduce((count, { shape }) => count + elements(shape), 0);

function own(error: unknown): BagsslError {
  if (error instanceof BagsslError) return error;
  throw error;
}

interface Refusal {
  readonly error: BagsslError;
  readonly place?: string;
}

/** Equal reasons are said once. */
function grouped(refusals: readonly Refusal[]): Blocker[] {
  const found = new Map<string, Blocker>();
  for (const { error, place } of refusals) {
    const { code, message } = error;
    const short = message.replace(/\. Supported are [^;]*;/, ';');
    const at = place === undefined ? -1 : short.indexOf(place);
    const text = (at < 0 ? short : short.slice(at + place!.length)).replace(/^:?\s+/, '');
    const reason = text.charAt(0).toUpperCase() + text.slice(1);
    const known = found.get(reason);
    if (known) found.set(reason, { ...known, nodes: known.nodes + (place === undefined ? 0 : 1) });
    else
      found.set(reason, {
        code,
        reason,
        nodes: place === undefined ? 0 : 1,
        ...(place !== undefined && { first: place }),
      });
  }
  return [...found.values()];
}

/** A reading that continues after what cannot be read. */
class Search {
  readonly blockers: Refusal[] = [];
  /** The side of the patches, px. */
  side: number | undefined;
  /** Names of values that are not known, because something before them cannot be read. */
  readonly #unknown = new Set<string>();
  #zeros = 0;

  constructor(
    private readonly config: Pick<OnnxConfig, 'model' | 'output' | 'size'>,
    /** Images, where the file leaves it open. */
    private readonly batch: number,
  ) {}

  /** Looks for blockers, and returns the shapes that could be found. */
  run(shown: readonly string[]): ReadonlyMap<string, Shape> {
    const record = new Map<string, Recorded>();
    const file = this.#parsed();
    if (file) {
      const inputs = this.#inputs(file);
      this.#build(file, [this.config.output ?? file.outputs[0]], inputs, record);
      // The rest is for its shapes alone.
      const { blockers } = this;
      const before = blockers.length;
      for (const name of shown) if (!record.has(name)) this.#build(file, [name], inputs, record);
      blockers.length = before;
    }
    return new Map([...record].map(([name, { shape }]) => [name, shape]));
  }

  #try<T>(work: () => T, place?: string): T | undefined {
    try {
      return work();
    } catch (error) {
      this.blockers.push({ error: own(error), place });
      return undefined;
    }
  }

  /** The file, with zeros in place of tensors that cannot be read. */
  #parsed(): FileModel | undefined {
    const read: typeof readTensor = (proto, what, widened) => {
      const tensor = this.#try(() => {
        const place = externalPlace(proto);
        if (!place) return readTensor(proto, what, widened);
        throw new BagsslError(
          'bad-model',
          `It keeps its weights in a second file, ${quote(place.file)}, which cannot be read.`,
        );
      });
      if (tensor) return tensor;
      const { dims } = proto;
      const count = elements(dims);
      this.#zeros += count;
      // Of float weights only the shape matters here.
      const isKnown = [1, 10, 11, 16].includes(proto.dataType ?? 0) && count >= 0 && this.#zeros <= MOST_ZEROS;
      if (isKnown) return { dtype: 'float32', shape: dims, data: new Float32Array(count) };
      this.#unknown.add(proto.name ?? '');
      return { dtype: 'float32', shape: [0], data: ofList('float32', []) };
    };
    return this.#try(() => parseOnnx(this.config.model, { widened: true, read }));
  }

  /** What the images are. */
  #inputs(file: FileModel): ReadonlyMap<string, Shape> {
    const shapes = new Map<string, Shape>();
    const output = this.config.output ?? file.outputs[0];
    const inputs = this.#try(() => inputsFor(file, [output])) ?? [];
    for (const { name } of file.inputs) if (!inputs.some((each) => each.name === name)) this.#unknown.add(name);
    if (inputs.length !== 1) {
      const names = inputs.map(({ name }) => `"${name}"`).join(', ') || 'none';
      const message = `An encoder has one input, the images; "${output}" of the file has ${inputs.length}: ${names}.`;
      this.blockers.push({ error: new BagsslError('bad-model', message) });
    }
    for (const input of inputs) {
      const images = inputs.length === 1 ? this.#try(() => imageInput(input, this.config.size)) : undefined;
      if (!images) {
        this.#unknown.add(input.name);
        continue;
      }
      this.side = images.side;
      shapes.set(input.name, inputShape(images, images.batch ?? this.batch));
    }
    return shapes;
  }

  #build(
    file: FileModel,
    outputs: readonly string[],
    shapes: ReadonlyMap<string, Shape>,
    record: Map<string, Recorded>,
  ): void {
    const graph = createGraph();
    const dtypes = new Map(file.inputs.map(({ name, dtype }) => [name, dtype]));
    const inputs = new Map([...shapes].map(([name, shape]) => [name, graph.input(name, shape, dtypes.get(name))]));
    const around = (node: FileNode, append: () => void) => {
      const { type, opset, place, outputs: names } = node;
      const isCut = node.inputs.some((name) => this.#unknown.has(name));
      const isStatic = !node.branches && !['Shape', 'Size'].includes(type) && !folds(type);
      const done = this.#try(() => {
        if (!isCut) append();
        else if (isStatic) checkOperator(type, opset, node.attributes());
        return true;
      }, place);
      for (const name of names) if (name && !(done && record.has(name))) this.#unknown.add(name);
    };
    this.#try(() =>
      buildOnnx(file, outputs, {
        ...asConstants(graph),
        inputs,
        record,
        around,
      }),
    );
    // That the output has no value may follow from what has been said.
    if (this.blockers.length > 1 && this.blockers.at(-1)!.error.message.includes(NO_VALUE)) this.blockers.pop();
  }
}
