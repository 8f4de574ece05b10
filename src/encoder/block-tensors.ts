import { BagsslError } from '../base/errors.ts';
import { toHalf } from '../base/half.ts';
import { float32 } from '../formats/read-weights.ts';
import type { SafeTensor } from '../formats/safetensors.ts';
import { type Block, type BlockLayout, checkBlockLayout } from './block-layout.ts';

/** What the names of a layout's tensors begin with. */
const PREFIX = 'layout.';
const MEAN = `${PREFIX}mean`;
const MATRIX = `${PREFIX}matrix`;
const SCALE = `${PREFIX}scale`;

type Tensors = Record<string, SafeTensor>;

/** A layout's numbers as tensors of an encoder's file: the projection in a byte each, the whitenings in half precision. */
export function blockTensors(layout: BlockLayout): Tensors {
  const { whitenings, projection } = checkBlockLayout(layout);
  const { mean, matrix, scale } = projection;
  const tensors: Tensors = {
    [MEAN]: { dtype: 'F32', shape: [mean.length], data: mean },
    [MATRIX]: { dtype: 'I8', shape: [mean.length, scale.length], data: matrix },
    [SCALE]: { dtype: 'F32', shape: [scale.length], data: scale },
  };
  for (const [name, whitening] of Object.entries(whitenings)) {
    const width = whitening.mean.length;
    tensors[`${PREFIX}${name}.mean`] = { dtype: 'F16', shape: [width], data: toHalf(whitening.mean) };
    tensors[`${PREFIX}${name}.matrix`] = { dtype: 'F16', shape: [width, width], data: toHalf(whitening.matrix) };
  }
  return tensors;
}

/**
 * The layout of an encoder's file.
 * @returns it, and the tensors that are not the layout's
 * @throws BagsslError `bad-checkpoint`, `bad-argument`, `shape-mismatch`
 */
export function readBlockTensors(blocks: readonly Block[], tensors: Tensors): { layout: BlockLayout; rest: Tensors } {
  const numbers: Record<string, Float32Array> = {};
  const rest: Tensors = {};
  for (const [name, tensor] of Object.entries(tensors)) {
    if (!name.startsWith(PREFIX)) rest[name] = tensor;
    else if (name !== MATRIX) numbers[name] = float32(name, tensor);
  }
  const whitenings: Record<string, { mean: Float32Array; matrix: Float32Array }> = {};
  for (const [name, mean] of Object.entries(numbers)) {
    const [, map] = /^layout\.(.+)\.mean$/.exec(name) ?? [];
    if (map) whitenings[map] = { mean, matrix: numbers[`${PREFIX}${map}.matrix`] };
  }
  const { dtype, data } = tensors[MATRIX] ?? {};
  if (dtype !== 'I8') {
    throw new BagsslError(
      'bad-checkpoint',
      `The encoder's file has a layout of blocks, but no tensor "${MATRIX}" of bytes (I8).`,
    );
  }
  const projection = { mean: numbers[MEAN], matrix: data as Int8Array, scale: numbers[SCALE] };
  return { layout: checkBlockLayout({ kind: 'blocks', blocks, whitenings, projection }), rest };
}
