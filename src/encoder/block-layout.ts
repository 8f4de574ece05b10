import { BagsslError } from '../base/errors.ts';
import {
  aboveZero,
  checkOptions,
  given,
  givenParts,
  needed,
  OBJECT,
  type Rule,
  type Rules,
  TEXT,
  whole,
} from '../base/options.ts';
import { isA } from '../base/values.ts';
import type { Whitening } from './whitening.ts';

/**
 * One part of a vector: what one layer of the network sees of the whole image, as means over cells. Each cell and its mirror image
 * are averaged, so that a mirrored image has nearly the same vector.
 */
export interface Block {
  /** The image is reduced to this size: the square root of its area, px, 32 to 512. */
  readonly side: number;
  /** The layer whose output is taken, from 0. */
  readonly layer: number;
  /** Squares of `pool` × `pool` positions are averaged first; default 1. */
  readonly pool?: number;
  /** across × across cells. */
  readonly across: number;
  /** The block's length, before the projection. */
  readonly weight: number;
}

/** x ↦ scale · ((x − mean) · matrix). */
export interface Projection {
  /** [in] */
  readonly mean: Float32Array;
  /** [in, out], row by row. */
  readonly matrix: Int8Array;
  /** [out] */
  readonly scale: Float32Array;
}

/**
 * A layout that was learnt from images: several layers of a network that runs over the whole image at several sizes. At each position
 * v ↦ (v − μ)·W, of unit length; per cell the mean, of unit length, the signed square root, of unit length again. The blocks side by
 * side are projected. For `conv` encoders with padding `valid`.
 */
export interface BlockLayout {
  /** Names this layout. */
  readonly kind: 'blocks';
  /** Side by side, before the projection. */
  readonly blocks: readonly Block[];
  /** Of the positions of each map: `whitenings['80.4']` for blocks of side 80 and layer 4. */
  readonly whitenings: Readonly<Record<string, Pick<Whitening, 'mean' | 'matrix'>>>;
  /** From the blocks to the vector. */
  readonly projection: Projection;
}

const BLOCK: Rules<Block> = {
  side: needed(whole(32, 512)),
  layer: needed(whole(0, 1023)),
  pool: whole(1, 16),
  across: needed(whole(1, 32)),
  weight: needed(aboveZero()),
};
const BLOCKS: Rule = {
  asked: 'a list of blocks',
  fits: (value) => Array.isArray(value) && value.length > 0 && value.length <= 64,
};
const RULES: Rules<BlockLayout> = {
  kind: TEXT,
  blocks: needed(BLOCKS),
  whitenings: needed(OBJECT),
  projection: needed(OBJECT),
};
const PROJECTION: Rules<Projection> = { mean: needed(OBJECT), matrix: needed(OBJECT), scale: needed(OBJECT) };

/** Under which name a layout has the whitening of a block. */
export const mapOf = ({ side, layer }: Block): string => `${side}.${layer}`;

/** The parts of a block: cells, a cell and its mirror image as one. */
export const partsOf = ({ across }: Block): number => across * Math.ceil(across / 2);

/** The most numbers that say how much of which position is in which part, for all blocks: 64 MiB. A file could ask for far more. */
const MOST_SHARES = 2 ** 24;

/** @throws BagsslError `bad-argument`, `shape-mismatch` */
export function checkBlockLayout(layout: BlockLayout): BlockLayout {
  checkOptions('layout', layout, RULES);
  const { blocks, whitenings, projection } = layout;
  let numbers = 0;
  for (const [k, block] of blocks.entries()) {
    checkOptions(`layout.blocks[${k}]`, block, BLOCK);
    const name = mapOf(block);
    const other = blocks.find((one) => mapOf(one) === name)!;
    given(
      (other.pool ?? 1) === (block.pool ?? 1),
      block.pool,
      `layout.blocks[${k}].pool`,
      `${other.pool ?? 1}, as in the other blocks of ${name}`,
    );
    givenParts(whitenings[name], `layout.whitenings["${name}"]`, 'mean', 'matrix');
    numbers += partsOf(block) * whitenings[name].mean.length;
  }
  const shares = blocks.reduce((sum, block) => sum + partsOf(block) * block.side ** 2, 0);
  given(shares <= MOST_SHARES, shares, 'layout.blocks: the sum of cells · side²', `at most ${MOST_SHARES}`);
  checkOptions('layout.projection', projection, PROJECTION);
  const { mean, matrix, scale } = projection;
  given(isA(mean, 'Float32Array'), mean, 'layout.projection.mean', 'a Float32Array');
  given(isA(matrix, 'Int8Array'), matrix, 'layout.projection.matrix', 'an Int8Array');
  given(isA(scale, 'Float32Array') && scale.length > 0, scale, 'layout.projection.scale', 'a Float32Array');
  if (mean.length !== numbers || matrix.length !== numbers * scale.length) {
    throw new BagsslError(
      'shape-mismatch',
      `The blocks of the layout are ${numbers} numbers, its projection takes ${mean.length} and has a matrix of ${matrix.length} for ${scale.length}.`,
    );
  }
  return layout;
}

/** The least side of a reduced image, px, so that every layer has positions. */
const LEAST = 32;
/** The proportions of an image, log₂(width/height), are rounded to this, so that few programs are compiled. */
const STEP = 1 / 4;
/** Images of more extreme proportions are squeezed to 4:1. */
const MOST = 2;

/** The size in pixels to which an image is reduced for a block: `side`² in area, in the image's proportions, nearly. */
export function reducedSize(side: number, width: number, height: number): { rows: number; columns: number } {
  const exact = Math.min(MOST, Math.max(-MOST, Math.log2(width / height)));
  const half = (STEP * Math.round(exact / STEP)) / 2;
  const extent = (power: number) => Math.max(LEAST, Math.round(side * 2 ** power));
  return { rows: extent(-half), columns: extent(half) };
}
