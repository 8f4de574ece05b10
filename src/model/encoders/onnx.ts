import { BagsslError } from '../../base/errors.ts';
import { BYTES, givenParts, needed, oneOf, TEXT } from '../../base/options.ts';
import { cast, reduceMean } from '../../graph/functions.ts';
import type { Precision, Shape, Value } from '../../graph/graph.ts';
import { buildOnnx, type FileBatchNorm, type NamedTensor } from '../../graph/import/build.ts';
import { type FileModel, parseOnnx } from '../../graph/import/parse.ts';
import { createGraph } from '../../graph/ops/index.ts';
import { shapeOf } from '../../graph/read-onnx.ts';
import { normaliseByStatistics, normaliseWith } from '../batch-norm.ts';
import { Scope, type Statistic } from '../scope.ts';
import type { EncoderKind } from './kind.ts';

/**
 * A custom network: any feed-forward .onnx file of opset 9 to 17 that takes images [batch, 3, size, size] and gives
 * [batch, width], or [batch, width, rows, columns], which is averaged over positions. Its floating-point tensors are the
 * parameters' initial values and train. Scalars, and what the file computes from constants, stay as they are.
 */
export interface OnnxConfig {
  /** A network from an .onnx file. */
  readonly kind: 'onnx';
  /** The file's bytes. A checkpoint keeps them, so that the network can be built again and compared with its start. */
  readonly model: Uint8Array;
  /**
   * `train`: batch norms normalise by the batch and keep running averages for evaluation, as in training from scratch.
   * `frozen`: they normalise by the statistics in the file, always; γ and β train.
   */
  readonly batchNorm: 'train' | 'frozen';
  /** The value to take as the output, by its name in the file, such as the one before a classifier; default the first output. */
  readonly output?: string;
  /** What to call the file in reports. */
  readonly name?: string;
}

/** The most elements of a value for one patch: 64 channels of 1,024 × 1,024. */
const LARGEST = 2 ** 26;

export const onnx: EncoderKind<OnnxConfig> = {
  rules: { model: needed(BYTES), batchNorm: needed(oneOf('train', 'frozen')), output: TEXT, name: TEXT },
  check(config, size) {
    const side = patchSize(config);
    if (side !== size) {
      throw new BagsslError(
        'shape-mismatch',
        `model: the .onnx encoder takes images [${inputOf(config).dims.map((d) => d || '?')}], but the patches are [batch,3,${size},${size}]; set the recipe's size to ${side}, or export it for ${size}.`,
      );
    }
    own(config);
  },
  width: (config) => own(config).width,
  build: (scope, config, patches) => build(scope, config, patches),
};

/** Side of the square images a file's network takes, px. */
export function patchSize(config: Pick<OnnxConfig, 'model'>): number {
  const input = inputOf(config);
  const [, channels, rows, columns] = shapeOf(input, 1);
  if (input.dtype !== 'float32' || input.dims.length !== 4 || channels !== 3 || rows !== columns) {
    throw new BagsslError(
      'shape-mismatch',
      `The .onnx file's input "${input.name}" is ${input.dtype} [${input.dims.map((d) => d || '?')}]; an encoder takes float32 [batch,3,size,size].`,
    );
  }
  return rows;
}

/** The files parsed so far. */
const parsed = new WeakMap<Uint8Array, FileModel>();

function fileOf(config: Pick<OnnxConfig, 'model'>): FileModel {
  givenParts(config, 'An encoder of an .onnx file', 'model');
  const { model } = config;
  const known = parsed.get(model) ?? parseOnnx(model);
  parsed.set(model, known);
  return known;
}

function inputOf(config: Pick<OnnxConfig, 'model'>) {
  const { inputs } = fileOf(config);
  if (inputs.length === 1) return inputs[0];
  throw new BagsslError(
    'bad-model',
    `An encoder has one input, the images; the .onnx file has ${inputs.length}: ${inputs.map(({ name }) => `"${name}"`).join(', ')}.`,
  );
}

/** What building the network once, at the batch size its file states, shows. */
function own(config: OnnxConfig): { width: number } {
  const graph = createGraph();
  const embedding = build(new Scope(graph), config, graph.input('patches', shapeOf(inputOf(config), 1)));
  return { width: embedding.shape[1] };
}

function build(scope: Scope, config: OnnxConfig, patches: Value): Value {
  const file = fileOf(config);
  const input = inputOf(config);
  const output = config.output ?? file.outputs[0];
  const [batch] = patches.shape;
  const taken = new Set<string>();
  const nameOf = ({ name }: NamedTensor) => {
    let own = `encoder.${name}`;
    for (let n = 2; taken.has(own); n++) own = `encoder.${name}.${n}`;
    taken.add(own);
    return own;
  };
  const options = {
    graph: scope.graph,
    inputs: new Map([[input.name, patches]]),
    largest: LARGEST * batch,
    precision: scope.precision,
    weight: (named: NamedTensor, precision: Precision) =>
      scope.parameter(nameOf(named), named.tensor.shape, { data: floats(named) }, precision),
    batchNorm: (norm: FileBatchNorm) => normalised(scope, config, norm, nameOf),
  };
  let y: Value;
  try {
    [y] = buildOnnx(file, [output], options);
    return pooled(y, output, batch);
  } catch (cause) {
    const [made] = input.dims;
    if (!(cause instanceof BagsslError) || typeof made !== 'number' || made === batch) throw cause;
    const why = `The file's network is made for a batch of ${made} and does not take one of ${batch}; export it with an open batch axis.`;
    throw new BagsslError(cause.code, `${why} ${cause.message}`, { cause });
  }
}

/** One row per patch. */
function pooled(y: Value, output: string, batch: number): Value {
  const { length } = y.shape;
  if (y.dtype.startsWith('float') && y.shape[0] === batch) {
    if (length === 2) return y;
    if (length === 4) return reduceMean(y, [2, 3]);
  }
  throw new BagsslError(
    'shape-mismatch',
    `The .onnx file's "${output}" is ${y.dtype} [${y.shape}] for ${batch} patches; an encoder gives float32 [${batch},width] or [${batch},width,rows,columns]. Choose another value as its output.`,
  );
}

function floats({ name, tensor: { dtype, shape, data } }: NamedTensor): Float32Array {
  if (data instanceof Float32Array) return data;
  throw new BagsslError(
    'bad-model',
    `The tensor "${name}" [${shape}] is ${dtype}; weights must be float32. Export the network in float32.`,
  );
}

function normalised(
  scope: Scope,
  { batchNorm }: OnnxConfig,
  norm: FileBatchNorm,
  nameOf: (named: NamedTensor) => string,
): Value {
  const { x, epsilon } = norm;
  const [gamma, beta] = [norm.gamma, norm.beta].map((v) => cast(v, 'float32'));
  const [mean, variance] = [norm.mean, norm.variance].map((named) => ({
    named,
    data: floats(named),
    shape: named.tensor.shape,
  }));
  if (batchNorm === 'frozen') {
    const fixed = ({ data, shape }: { data: Float32Array; shape: Shape }) => scope.graph.constant(data, shape);
    return normaliseByStatistics({ x, gamma, beta, mean: fixed(mean), variance: fixed(variance), epsilon });
  }
  const statistic = ({ named, data, shape }: typeof mean): Statistic => scope.statistic(nameOf(named), shape, { data });
  return normaliseWith(
    { x, gamma, beta, mean: statistic(mean), variance: statistic(variance), epsilon, momentum: 1 - norm.momentum },
    scope.training,
  );
}
