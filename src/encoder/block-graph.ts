import { BagsslError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { quote } from '../base/values.ts';
import {
  averagePool,
  cast,
  concat,
  matmul,
  neg,
  relu,
  reshape,
  scale,
  sqrt,
  sub,
  transpose,
} from '../graph/functions.ts';
import type { Value } from '../graph/graph.ts';
import { type ConvConfig, conv, convolutions } from '../model/encoders/conv.ts';
import { Scope, type Statistic } from '../model/scope.ts';
import { normaliseRows } from '../objectives/unit-rows.ts';
import { type Block, type BlockLayout, checkBlockLayout, mapOf, type Projection, partsOf } from './block-layout.ts';
import type { GraphOptions } from './encoder-graph.ts';
import type { WholeEncoder } from './encoder-parts.ts';
import type { Whitening } from './whitening.ts';

/** An image as its blocks see it. */
export interface BlockGraph {
  /** The blocks side by side, [images, numbers]. */
  readonly blocks: Value;
  /** The vectors of the finest map, [images, positions, channels]; see `finestMap`. */
  readonly places: Value;
}

/**
 * The blocks of images that have been reduced to each block's side.
 * @param imagesOf [images, 3, rows, columns] of a side, normalised as the recipe says
 * @throws BagsslError `bad-argument` for an encoder that is not of convolutions without padding; `bad-checkpoint`, `shape-mismatch`
 */
export function blockGraph(
  { model, recipe, weights }: WholeEncoder,
  layout: BlockLayout,
  imagesOf: (side: number) => Value,
  { precision = 'float32' }: GraphOptions = {},
): BlockGraph {
  const { blocks, whitenings } = checkBlockLayout(layout);
  const config = convOf(model.encoder as ConvConfig, recipe.size, blocks);
  const all = new Map(sidesOf(layout).map((side) => [side, imagesOf(side)]));
  const scope = new SharedScope([...all.values()][0].graph, weights, precision);
  const maps = new Map<string, { positions: Value; rows: number; columns: number }>();
  for (const [side, images] of all) {
    const layers = convolutions(scope, config, cast(images, precision));
    for (const block of blocks.filter((one) => one.side === side)) {
      const name = mapOf(block);
      if (!maps.has(name)) maps.set(name, whitened(layers[block.layer], block, whitenings[name]));
    }
  }
  const parts = blocks.map((block) => {
    const { positions, rows, columns } = maps.get(mapOf(block))!;
    const [images, , channels] = positions.shape;
    const count = partsOf(block);
    const means = positions.graph.constant(cellMeans(block.across, rows, columns), [count, rows * columns]);
    const unit = normaliseRows(reshape(matmul(means, positions), [images * count, channels]));
    // Signed roots. ONNX Runtime has no GPU kernel of Sign and would compute it on the host.
    const root = normaliseRows(sub(sqrt(relu(unit)), sqrt(relu(neg(unit)))));
    return reshape(scale(root, block.weight / Math.sqrt(count)), [images, count * channels]);
  });
  return { blocks: concat(parts, 1), places: maps.get(mapOf(finestBlock(layout)))!.positions };
}

/** Gives a network that runs on images of several sizes one copy of its tensors. */
class SharedScope extends Scope {
  readonly #parameters = new Map<string, Value>();
  readonly #statistics = new Map<string, Statistic>();

  override parameter(...asked: Parameters<Scope['parameter']>): Value {
    return known(this.#parameters, asked[0], () => super.parameter(...asked));
  }

  override statistic(...asked: Parameters<Scope['statistic']>): Statistic {
    return known(this.#statistics, asked[0], () => super.statistic(...asked));
  }
}

function known<T>(all: Map<string, T>, name: string, make: () => T): T {
  const value = all.get(name) ?? make();
  all.set(name, value);
  return value;
}

/** The vectors [images, width] of their blocks. */
export function project(blocks: Value, { mean, matrix, scale: factors }: Projection): Value {
  const [numbers, width] = [mean.length, factors.length];
  const values = new Float32Array(matrix.length);
  for (let at = 0; at < values.length; at += width)
    for (let j = 0; j < width; j++) values[at + j] = matrix[at + j] * factors[j];
  const centred = sub(blocks, blocks.graph.constant(mean, [numbers], 'layout.mean'));
  return matmul(centred, blocks.graph.constant(values, [numbers, width], 'layout.matrix'));
}

/** The sides of a layout, each once. */
export const sidesOf = ({ blocks }: BlockLayout): number[] => [...new Set(blocks.map(({ side }) => side))];

/** The block whose positions are the patches of an image, where these are asked for. */
export const finestBlock = ({ blocks }: BlockLayout): Block =>
  blocks.reduce((best, block) =>
    block.side > best.side || (block.side === best.side && block.layer > best.layer) ? block : best,
  );

/** What a position of a layer sees: a square of `size` px, `step` px from the next. */
export function fieldOf({ strides }: Pick<ConvConfig, 'strides'>, { layer, pool = 1 }: Block) {
  let [size, step] = [1, 1];
  for (const stride of strides.slice(0, layer + 1)) {
    size += 2 * step;
    step *= stride;
  }
  return { size: size + (pool - 1) * step, step: step * pool };
}

function convOf(config: ConvConfig, size: number, blocks: readonly Block[]): ConvConfig {
  const { kind, ...options } = config;
  const { padding = 'same', widths } = options;
  if (kind !== 'conv' || padding !== 'valid') {
    throw new BagsslError(
      'bad-argument',
      `A layout of blocks is for a "conv" encoder with padding "valid", not for ${quote(kind)} with padding ${quote(padding)}.`,
    );
  }
  checkOptions('model.encoder (conv)', options, conv.rules);
  conv.check?.(config, size);
  const beyond = blocks.find(({ layer }) => layer >= widths.length);
  if (beyond) {
    throw new BagsslError('bad-argument', `layout: layer ${beyond.layer} is beyond the encoder's ${widths.length}.`);
  }
  return config;
}

/** A layer's positions [images, positions, channels], whitened, each of length 1. */
function whitened(map: Value, { pool = 1, layer }: Block, { mean, matrix }: Pick<Whitening, 'mean' | 'matrix'>) {
  const pooled =
    pool === 1 ? map : averagePool(map, { kernel: [pool, pool], strides: [pool, pool], pads: [0, 0, 0, 0] });
  const [images, channels, rows, columns] = pooled.shape;
  if (mean.length !== channels || matrix.length !== channels ** 2) {
    throw new BagsslError(
      'shape-mismatch',
      `layout: layer ${layer} has ${channels} channels, its whitening is of ${mean.length}, with a matrix of ${matrix.length} numbers.`,
    );
  }
  const { graph } = map;
  const vectors = reshape(transpose(cast(pooled, 'float32'), [0, 2, 3, 1]), [images * rows * columns, channels]);
  const centred = sub(vectors, graph.constant(mean, [channels]));
  const unit = normaliseRows(matmul(centred, graph.constant(matrix, [channels, channels])));
  return { positions: reshape(unit, [images, rows * columns, channels]), rows, columns };
}

/**
 * The matrix [parts, rows · columns] that averages over across × across cells, a cell and its mirror image as one part. A position
 * on the border of two cells counts in each by its share.
 */
export function cellMeans(across: number, rows: number, columns: number): Float32Array {
  const [down, right] = [shares(across, rows), shares(across, columns)];
  const half = Math.ceil(across / 2);
  const means = new Float32Array(across * half * rows * columns);
  let at = 0;
  for (let i = 0; i < across; i++) {
    for (let j = 0; j < half; j++) {
      for (let y = 0; y < rows; y++) {
        for (let x = 0; x < columns; x++) means[at++] = (down[i][y] * (right[j][x] + right[across - 1 - j][x])) / 2;
      }
    }
  }
  return means;
}

/** How much of each of `count` cells along `length` positions each position is. */
const shares = (count: number, length: number) =>
  Array.from({ length: count }, (_, i) => {
    const [from, to] = [(i * length) / count, ((i + 1) * length) / count];
    return Array.from({ length }, (_, p) => (Math.max(0, Math.min(p + 1, to) - Math.max(p, from)) * count) / length);
  });
