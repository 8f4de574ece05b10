import { BagsslError } from '../../base/errors.ts';
import { mul, reduceSum, slice, transpose } from '../../graph/functions.ts';
import type { Shape, Value } from '../../graph/graph.ts';
import type { FileInput } from '../../graph/import/parse.ts';

/** What a file's network takes for one patch. */
export interface ImageInput {
  readonly name: string;
  /** The batch it was made for; undefined where that is open. */
  readonly batch?: number;
  readonly channels: 1 | 3;
  readonly rows: number;
  readonly columns: number;
  /** Channels after rows and columns, as TensorFlow has them. */
  readonly channelsLast: boolean;
  /** The side of the patches, px: the longer side. Of a patch for a network of oblong images the middle is taken. */
  readonly side: number;
}

const TYPES: readonly string[] = ['float32', 'uint8'];

/** The images that a file's network takes. @param size the side to use where the file leaves rows and columns open */
export function imageInput({ name, dtype, dims }: FileInput, size: number | undefined): ImageInput {
  const shown = `The .onnx file's input "${name}" is ${dtype} [${dims.map((d) => d || '?')}]`;
  const isChannels = (d: number | string | undefined): d is 1 | 3 => d === 1 || d === 3;
  const channelsLast = !isChannels(dims[1]) && isChannels(dims[3]);
  const [batch, channels, rows, columns] = channelsLast ? [dims[0], dims[3], dims[1], dims[2]] : dims;
  // Hugging Face leaves the channels open too.
  const found = typeof channels === 'string' ? 3 : channels;
  if (!TYPES.includes(dtype) || dims.length !== 4 || !isChannels(found)) {
    throw new BagsslError(
      'shape-mismatch',
      `${shown}; an encoder takes images: float32 or uint8 [batch,3,size,size] or [batch,size,size,3], or one channel.`,
    );
  }
  const open = [rows, columns].filter((d) => typeof d === 'string');
  if (open.length > 0 && size === undefined) {
    throw new BagsslError(
      'bad-argument',
      `${shown}, so it takes images of any size: say which with size (--encoder-size), such as size: 64.`,
    );
  }
  const extent = (d: number | string) => (typeof d === 'string' ? size! : d);
  const [height, width] = [extent(rows), extent(columns)];
  const side = Math.max(height, width);
  if (size !== undefined && side !== size) {
    throw new BagsslError('shape-mismatch', `${shown}: it takes images of ${side} px, not of ${size}; leave size out.`);
  }
  return {
    name,
    ...(typeof batch === 'number' && { batch }),
    channels: found,
    rows: height,
    columns: width,
    channelsLast,
    side,
  };
}

/** The shape that the file's network takes for a batch. */
export const inputShape = ({ channels, rows, columns, channelsLast }: ImageInput, batch: number): Shape =>
  channelsLast ? [batch, rows, columns, channels] : [batch, channels, rows, columns];

/** Luma of ITU-R BT.601, as Pillow and torchvision turn colour into grey. */
const LUMA = [0.299, 0.587, 0.114];

/** Patches [batch, 3, side, side] as the network takes them. */
export function prepared({ channels, rows, columns, channelsLast }: ImageInput, patches: Value): Value {
  const [, , height, width] = patches.shape;
  const [top, left] = [Math.floor((height - rows) / 2), Math.floor((width - columns) / 2)];
  let y = slice(patches, [2, 3], [top, left], [top + rows, left + columns]);
  if (channels === 1) {
    const luma = y.graph.floats(Float32Array.from(LUMA), [1, 3, 1, 1], y.dtype);
    y = reduceSum(mul(y, luma), [1], true);
  }
  return channelsLast ? transpose(y, [0, 2, 3, 1]) : y;
}
