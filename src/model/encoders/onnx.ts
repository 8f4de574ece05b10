import { BagsslError } from '../../base/errors.ts';
import { givenParts } from '../../base/options.ts';
import { cast, reduceMean } from '../../graph/functions.ts';
import type { Shape, Value } from '../../graph/graph.ts';
import { type BuildOptions, buildOnnx, type FileBatchNorm, type NamedTensor } from '../../graph/import/build.ts';
import type { Recorded } from '../../graph/import/fixed-batch.ts';
import { inputsFor } from '../../graph/import/order.ts';
import { type FileModel, parseOnnx } from '../../graph/import/parse.ts';
import { createGraph } from '../../graph/ops/index.ts';
import { normaliseByStatistics, normaliseWith } from '../batch-norm.ts';
import { Scope, type Statistic } from '../scope.ts';
import { channelsLast } from './feature-map.ts';
import type { EncoderKind } from './kind.ts';
import { ONNX_RULES, type OnnxConfig } from './onnx-config.ts';
import { type ImageInput, imageInput, inputShape, prepared } from './onnx-input.ts';

export type { OnnxConfig };

/** The most elements of a value for one patch: 64 channels of 1,024 × 1,024. */
const LARGEST = 2 ** 26;

export const onnx: EncoderKind<OnnxConfig> = {
  rules: ONNX_RULES,
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

/** Side of the patches that a file's network takes, px. */
export const patchSize = (config: Pick<OnnxConfig, 'model' | 'output' | 'size'>): number => imagesOf(config).side;

/** The files taken apart so far. */
const parsed = new WeakMap<Uint8Array, FileModel>();

function fileOf(config: Pick<OnnxConfig, 'model'>): FileModel {
  givenParts(config, 'An encoder of an .onnx file', 'model');
  const { model } = config;
  const known = parsed.get(model) ?? parseOnnx(model, { widened: true });
  parsed.set(model, known);
  return known;
}

function inputOf(config: Pick<OnnxConfig, 'model' | 'output'>) {
  const file = fileOf(config);
  const output = config.output ?? file.outputs[0];
  const inputs = inputsFor(file, [output]);
  if (inputs.length === 1) return inputs[0];
  throw new BagsslError(
    'bad-model',
    `An encoder has one input, the images; "${output}" of the .onnx file has ${inputs.length}: ${inputs.map(({ name }) => `"${name}"`).join(', ')}.`,
  );
}

const imagesOf = (config: Pick<OnnxConfig, 'model' | 'output' | 'size'>): ImageInput =>
  imageInput(inputOf(config), config.size);

/** What is found out by building a file's network. */
interface Found {
  readonly width: number;
  /** The batch that constants inside fix it to, though that of its input is open. */
  readonly made?: number;
}

/** By the file, and what is said with it. */
const found = new WeakMap<FileModel, Map<string, Found>>();

function own(config: OnnxConfig): Found {
  const file = fileOf(config);
  const { output, size, batchNorm } = config;
  const key = JSON.stringify([output, size, batchNorm]);
  const known = found.get(file) ?? new Map<string, Found>();
  found.set(file, known);
  const result = known.get(key) ?? built(config);
  known.set(key, result);
  return result;
}

function built(config: OnnxConfig): Found {
  const images = imagesOf(config);
  const patches = (batch: number) => createGraph().input('patches', [batch, 3, images.side, images.side]);
  const appendedTo = (one: Value) => appended(new Scope(one.graph), config, prepared(images, one));
  if (images.batch !== undefined) {
    const one = patches(1);
    return { width: build(new Scope(one.graph), config, one).shape[1] };
  }
  const { shape } = appendedTo(patches(1));
  const width = shape[1];
  try {
    appendedTo(patches(2));
    return { width };
  } catch {
    // Exporters that leave the batch open write that of their example, one image, into constants inside.
    try {
      rebuilt(patches(2), 1, config, images);
      return { width, made: 1 };
    } catch {
      return { width };
    }
  }
}

function build(scope: Scope, config: OnnxConfig, patches: Value): Value {
  const images = imagesOf(config);
  const [batch] = patches.shape;
  const made = images.batch ?? (batch > 1 ? own(config).made : undefined) ?? batch;
  if (made === batch) return appended(scope, config, prepared(images, patches));
  try {
    return rebuilt(patches, made, config, images, scope);
  } catch (cause) {
    if (!(cause instanceof BagsslError)) throw cause;
    const why = `The file's network is made for a batch of ${made} and does not take one of ${batch}; export it with an open batch axis.`;
    throw new BagsslError(cause.code, `${why} ${cause.message}`, { cause });
  }
}

/** Appends a network that was made for one batch: it is built for that first, apart, to see which of its constants are its shapes. */
function rebuilt(
  patches: Value,
  made: number,
  config: OnnxConfig,
  images: ImageInput,
  scope = new Scope(patches.graph),
): Value {
  const [batch] = patches.shape;
  const graph = createGraph();
  const record = new Map<string, Recorded>();
  appended(new Scope(graph), config, graph.input('patches', inputShape(images, made)), { record });
  return appended(scope, config, prepared(images, patches), { fixed: { made, batch, recorded: record } });
}

/** Appends the file's network. */
function appended(
  scope: Scope,
  config: OnnxConfig,
  images: Value,
  more: Pick<BuildOptions, 'fixed' | 'record'> = {},
): Value {
  const file = fileOf(config);
  const input = inputOf(config);
  const output = config.output ?? file.outputs[0];
  const [batch] = images.shape;
  const taken = new Set<string>();
  const nameOf = ({ name }: NamedTensor) => {
    let own = `encoder.${name}`;
    for (let n = 2; taken.has(own); n++) own = `encoder.${name}.${n}`;
    taken.add(own);
    return own;
  };
  const [y] = buildOnnx(file, [output], {
    graph: scope.graph,
    inputs: new Map([[input.name, images]]),
    largest: LARGEST * batch,
    precision: scope.precision,
    weight: (named, precision) =>
      scope.parameter(nameOf(named), named.tensor.shape, { data: floats(named) }, precision),
    batchNorm: (norm) => normalised(scope, config, norm, nameOf),
    ...more,
  });
  return pooled(y, output, batch, imagesOf(config));
}

/** One row a patch. */
function pooled(y: Value, output: string, batch: number, images: ImageInput): Value {
  const { length } = y.shape;
  if (y.dtype.startsWith('float') && y.shape[0] === batch) {
    if (length === 2) return y;
    if (length === 3) return reduceMean(y, [1]);
    if (length === 4) {
      const [, a, b, c] = y.shape;
      const layout = images.channelsLast ? 'nhwc' : 'nchw';
      return reduceMean(y, channelsLast(a, b, c, { ...images, layout }) ? [1, 2] : [2, 3]);
    }
  }
  throw new BagsslError(
    'shape-mismatch',
    `The .onnx file's "${output}" is ${y.dtype} [${y.shape}] for ${batch} patches; an encoder gives float32 [${batch},width], [${batch},width,rows,columns], [${batch},rows,columns,width] or [${batch},tokens,width]. Choose another value as its output.`,
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
