import { BagsslError } from '../base/errors.ts';
import { type ModelValue, shownValue } from './model-signature.ts';
import type { OnnxInput } from './onnx-options.ts';

/** The refusal of a model whose input is no image. */
export const noImage = (file: string, input: ModelValue, why: string) =>
  new BagsslError(
    'bad-model',
    `${file}: its input ${shownValue(input)} ${why}. An encoder takes images: [batch, 3 or 1, rows, columns] or [batch, rows, columns, 3 or 1], or one image without a batch, in float32, float16, float64, uint8, int8, int32 or int64.`,
  );

/** How an input's axes lie; extents that are open are left out. */
export interface Axes {
  readonly layout: 'nchw' | 'nhwc';
  readonly channels: 1 | 3;
  readonly rows?: number;
  readonly columns?: number;
  readonly batch?: number;
  readonly missing?: 'batch' | 'channels';
}

type Dims = readonly (number | string)[];
export const isColour = (extent: number | string) => extent === 3 || extent === 1;

/** @throws BagsslError `bad-model` */
export function axesOf(input: ModelValue, file: string, given: OnnxInput): Axes {
  const { dims = ['', '', '', ''] } = input;
  const { all, missing } = fourAxes(dims);
  if (all.length !== 4) throw noImage(file, input, `has ${dims.length} axes, not four`);
  const number = (extent: number | string) => (typeof extent === 'number' ? extent : undefined);
  const layout =
    given.layout ?? (isColour(all[1]) || (typeof all[1] === 'string' && !isColour(all[3])) ? 'nchw' : 'nhwc');
  const [batch, channels, rows, columns] = layout === 'nchw' ? all : [all[0], all[3], all[1], all[2]];
  const known = number(channels) ?? 3;
  if (!isColour(known)) throw noImage(file, input, `has ${known} channels in ${layout}, not three or one`);
  return {
    layout,
    channels: known as 1 | 3,
    rows: number(rows),
    columns: number(columns),
    batch: number(batch),
    ...(missing && { missing }),
  };
}

/** An image has more rows and columns; [1, 784, 1] is a list. */
const LEAST_SIDE = 4;

/** The axes of an input with the one that three lack: [rows, columns, 3 or 1] and [3 or 1, rows, columns] are one image, [batch, 28, 28] grey ones. */
function fourAxes(dims: Dims): { readonly all: Dims; readonly missing?: Axes['missing'] } {
  const [a, b, c] = dims;
  const areSides = (...sides: Dims) => sides.every((side) => typeof side === 'string' || side >= LEAST_SIDE);
  if (dims.length !== 3) return { all: dims };
  if (isColour(c) && areSides(a, b)) return { all: [1, ...dims], missing: 'batch' };
  if (isColour(a) && areSides(b, c)) return { all: [1, ...dims], missing: 'batch' };
  const isBatch = typeof a === 'string' && typeof b === 'number' && typeof c === 'number' && areSides(b, c);
  return isBatch ? { all: [a, 1, b, c], missing: 'channels' } : { all: dims };
}
