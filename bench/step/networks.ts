import { reduceMean, relu } from '../../src/graph/functions.ts';
import { gradients } from '../../src/graph/gradients.ts';
import type { Shape, Value } from '../../src/graph/graph.ts';
import { multiplyAdds } from '../../src/graph/graph.ts';
import type { Outputs } from '../../src/graph/needed.ts';
import { createGraph } from '../../src/graph/ops/index.ts';
import { compact } from '../../src/model/config.ts';
import { convolution, linear } from '../../src/model/layers.ts';
import { network as model } from '../../src/model/network.ts';
import { Scope, type TensorSpec } from '../../src/model/scope.ts';
import { spectral } from '../../src/objectives/spectral.ts';
import { sgd } from '../../src/optimizers/sgd.ts';
import type { HostTensor } from '../../src/runtime/program.ts';
import { initialState } from '../../src/training/initial-state.ts';
import { namedNext, statisticsOf } from '../../src/training/step-graph.ts';
import { updates } from '../../src/training/updates.ts';

/** A network, its batch and its rate, simple enough for every engine's API. */
export interface Network {
  readonly name: string;
  /** Output channels and stride of each 3×3 convolution; ReLU follows, after batch norm if `norm`. */
  readonly convolutions: readonly { readonly width: number; readonly stride: number }[];
  readonly norm: boolean;
  /** Widths of the linear layers on the mean over positions; batch norm and ReLU follow all but the last. */
  readonly linears: readonly number[];
  readonly images: number;
  /** Learning rate of plain SGD. */
  readonly rate: number;
}

const SIZE = 16;
const VIEWS = 2;
const { widths, strides } = compact.encoder as { widths: readonly number[]; strides: readonly number[] };

/** The two of docs/speed.md: convolutions alone, and the default encoder with batch norm and a smaller head. */
export const NETWORKS: readonly Network[] = [
  {
    name: 'bare',
    convolutions: [32, 64, 128].map((width, k) => ({ width, stride: k === 0 ? 1 : 2 })),
    norm: false,
    linears: [64],
    images: 64,
    rate: 0.1,
  },
  {
    name: 'default',
    convolutions: widths.map((width, k) => ({ width, stride: strides[k] })),
    norm: true,
    linears: [128, 128, 64],
    images: 100,
    rate: 0.1,
  },
];

/** The network of an order, with the order's batch. */
export function networkOf({ network, patches }: { readonly network: number; readonly patches?: number }): Network {
  const known = NETWORKS[network];
  return patches === undefined ? known : { ...known, images: patches / VIEWS };
}

export const patchesOf = ({ images }: Network): number => VIEWS * images;

/** The same patches for every engine: [2·images, 3, 16, 16], where row images + b is another view of row b. */
export function batchOf({ images }: Network): HostTensor {
  const length = 3 * SIZE * SIZE;
  const data = Float32Array.from({ length: VIEWS * images * length }, (_, i) => {
    const [row, at] = [Math.floor(i / length), i % length];
    const [view, image] = [Math.floor(row / images), row % images];
    return 0.8 * Math.sin(at * (0.03 + 0.017 * image) + image) + 0.2 * Math.cos(at * 0.7 + 3 * row + view);
  });
  return { data, shape: [VIEWS * images, 3, SIZE, SIZE] };
}

export interface StepModel {
  readonly outputs: Outputs;
  readonly state: readonly TensorSpec[];
}

const unused = (): never => {
  throw new Error('the spectral loss wants nothing but projections');
};
const NO_LEARNER = { predict: unused, target: unused };

/** Our step: inputs `patches`, `rate` and the state, outputs `loss` and each tensor's `.next`. */
export function stepModel(network: Network): StepModel {
  const graph = createGraph();
  const patches = graph.input('patches', batchOf(network).shape);
  const scope = new Scope(graph);
  const layout = { views: VIEWS, images: network.images };
  const { surrogate } = spectral({ radius: 1 }).build(projection(scope, network, patches), layout, NO_LEARNER);
  const slopes = gradients(
    surrogate,
    scope.parameters.map(({ value }) => value),
  );
  const optimizer = sgd({ momentum: 0 });
  const learnt = updates(scope, { optimizer, slopes, rate: graph.input('rate', []), step: graph.input('step', []) });
  const next = [...learnt, ...statisticsOf(scope)];
  return { outputs: { ...namedNext(next), loss: surrogate }, state: next.map(({ spec }) => spec) };
}

/** Projections [patches, width]. */
function projection(scope: Scope, { convolutions, norm, linears }: Network, patches: Value): Value {
  if (norm) {
    const encoder = {
      kind: 'conv' as const,
      widths: convolutions.map(({ width }) => width),
      strides: convolutions.map(({ stride }) => stride),
      residual: false,
    };
    const projector = { hidden: linears.slice(0, -1), out: linears.at(-1)! };
    return model(scope, { encoder, projector }, patches).projection;
  }
  const features = convolutions.reduce(
    (x, { width, stride }, k) => relu(convolution(scope, `encoder.${k}.conv`, x, width, { stride })),
    patches,
  );
  return linears.reduce(
    (x, width, k) => linear(scope, `projector.${k}.linear`, x, width),
    reduceMean(features, [2, 3]),
  );
}

/** A parameter's initial values. */
export interface Start {
  readonly data: Float32Array;
  readonly shape: Shape;
}

/** The weights every engine starts from: convolution kernels [out, in, 3, 3], linear layers [in, out]. */
export function startOf(network: Network): Record<string, Start> {
  const { state } = stepModel(network);
  const values = initialState(state, 1);
  const parameters = state.filter(({ name }) => !/\.(running_\w+|momentum)$/.test(name));
  return Object.fromEntries(parameters.map(({ name, shape }) => [name, { data: values[name], shape }]));
}

/** Floating-point operations a step needs: forward, and both gradients except the first layer's with respect to the patches. */
export function flopsOf(network: Network): number {
  const graph = createGraph();
  const patches = graph.input('patches', batchOf(network).shape);
  projection(new Scope(graph), network, patches);
  const products = graph.nodes.map(multiplyAdds);
  const first = products.find((count) => count > 0)!;
  return 2 * (3 * products.reduce((total, count) => total + count, 0) - first);
}
