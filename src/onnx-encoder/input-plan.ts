import { BagsslError } from '../base/errors.ts';
import { quote } from '../base/values.ts';
import type { Triple } from '../patches/recipe.ts';
import { type ModelSignature, type ModelValue, shownValue } from './model-signature.ts';
import type { OnnxInput } from './onnx-options.ts';
import { ownNormalisation } from './own-normalisation.ts';
import type { Preprocessing } from './preprocessor-config.ts';

/** How an image becomes a model's input, with nothing left open. */
export interface InputPlan {
  /** The input's name. */
  readonly name: string;
  /** The type of its elements. */
  readonly type: ElementType;
  /** How channels lie: `nchw` plane after plane, `nhwc` pixel after pixel. */
  readonly layout: 'nchw' | 'nhwc';
  /** What the channels are. */
  readonly channels: 'rgb' | 'bgr' | 'grey';
  /** Px. */
  readonly rows: number;
  /** Px. */
  readonly columns: number;
  /** Images in one run; undefined: any number. */
  readonly batch?: number;
  /** What white is before `mean` and `std`. */
  readonly range: 1 | 255;
  /** Subtracted from every channel, in the order of `channels`; grey takes the first. */
  readonly mean: Triple;
  /** Divides every channel. */
  readonly std: Triple;
  /** How pixels between pixels are made. */
  readonly interpolation: 'bilinear' | 'bicubic';
  /** `crop` takes the middle, `stretch` makes the whole image fit. */
  readonly fit: 'crop' | 'stretch';
  /** With `crop`: the share of the largest middle box's sides that is taken. */
  readonly crop: number;
}

/** The types of inputs that pixels can be given in. */
export type ElementType = 'float32' | 'float16' | 'float64' | 'uint8' | 'int32';

/** By ONNX's codes. */
const TYPES: Readonly<Record<number, ElementType>> = {
  1: 'float32',
  2: 'uint8',
  6: 'int32',
  10: 'float16',
  11: 'float64',
};

/** What torchvision's and timm's networks were trained with. */
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;
const PLAIN = { mean: [0, 0, 0], std: [1, 1, 1] } as const;

/** The size of an input that the file leaves open, unless something else is said. */
const USUAL_SIZE = 224;

/** What was decided, and sentences on what of it was assumed. */
export interface PlannedInput {
  readonly plan: InputPlan;
  readonly notes: readonly string[];
  /** The size is neither given nor in the file. */
  readonly sizeAssumed: boolean;
}

/**
 * Decides how images are prepared: what the caller gives comes first, then the file's own fixed sizes, then the
 * preprocessor_config.json, then what is usual.
 * @throws BagsslError `bad-model` for a model whose input is no image; `bad-argument` for a size that the model does not take
 */
export function planInput(
  signature: ModelSignature,
  file: string,
  given: OnnxInput = {},
  config: Preprocessing | undefined = undefined,
): PlannedInput {
  const input = onlyInput(signature, file);
  const type = TYPES[input.type];
  if (!type) {
    throw noImage(file, input, `has ONNX type ${input.type}, which pixels cannot be given in`);
  }
  const notes = [...(config?.notes ?? [])];
  const { layout, channels, rows: fixedRows, columns: fixedColumns, batch } = axesOf(input, file, given);
  const [rows, columns, sizeAssumed] = sizeOf(input, file, [fixedRows, fixedColumns], given, config, notes);
  const colours = channels === 1 ? 'grey' : (given.channels ?? config?.input.channels ?? 'rgb');
  const isWhole = type === 'uint8' || type === 'int32';
  if (isWhole && (given.range === 1 || given.mean !== undefined || given.std !== undefined)) {
    throw new BagsslError(
      'bad-argument',
      `onnx.input: ${file} takes ${type}, whole levels of 0 to 255, so range, mean and std cannot be set.`,
    );
  }
  const usual = isWhole
    ? { range: 255 as const, ...PLAIN }
    : normalisation(signature, input, layout, channels, given, config, notes);
  return {
    plan: {
      name: input.name,
      type,
      layout,
      channels: colours,
      rows,
      columns,
      ...(batch !== undefined && { batch }),
      ...usual,
      interpolation: given.interpolation ?? config?.input.interpolation ?? 'bilinear',
      fit: given.fit ?? config?.input.fit ?? 'crop',
      crop: given.crop ?? config?.input.crop ?? 1,
    },
    notes,
    sizeAssumed,
  };
}

function onlyInput({ inputs }: ModelSignature, file: string): ModelValue {
  const [input] = inputs;
  if (!input) throw new BagsslError('bad-model', `${file} has no input; an encoder takes images.`);
  if (inputs.length > 1) {
    throw new BagsslError(
      'bad-model',
      `${file} has ${inputs.length} inputs: ${inputs.slice(0, 6).map(shownValue).join(', ')}. An encoder takes images alone; export the part that encodes them, with one input.`,
    );
  }
  return input;
}

const noImage = (file: string, input: ModelValue, why: string) =>
  new BagsslError(
    'bad-model',
    `${file}: its input ${shownValue(input)} ${why}. An encoder takes images: [batch, 3 or 1, rows, columns] or [batch, rows, columns, 3 or 1] in float32, float16, float64, uint8 or int32.`,
  );

interface Axes {
  readonly layout: InputPlan['layout'];
  readonly channels: 1 | 3;
  readonly rows?: number;
  readonly columns?: number;
  readonly batch?: number;
}

function axesOf(input: ModelValue, file: string, given: OnnxInput): Axes {
  const { dims = ['', '', '', ''] } = input;
  if (dims.length !== 4) throw noImage(file, input, `has ${dims.length} axes, not four`);
  const isColour = (extent: number | string) => extent === 3 || extent === 1;
  const number = (extent: number | string) => (typeof extent === 'number' ? extent : undefined);
  const layout =
    given.layout ?? (isColour(dims[1]) || (typeof dims[1] === 'string' && !isColour(dims[3])) ? 'nchw' : 'nhwc');
  const [batch, channels, rows, columns] = layout === 'nchw' ? dims : [dims[0], dims[3], dims[1], dims[2]];
  const known = number(channels) ?? 3;
  if (!isColour(known)) throw noImage(file, input, `has ${known} channels in ${layout}, not three or one`);
  return {
    layout,
    channels: known as 1 | 3,
    rows: number(rows),
    columns: number(columns),
    batch: number(batch),
  };
}

function sizeOf(
  input: ModelValue,
  file: string,
  fixed: readonly [number | undefined, number | undefined],
  given: OnnxInput,
  config: Preprocessing | undefined,
  notes: string[],
): readonly [rows: number, columns: number, assumed: boolean] {
  const pair = (size: OnnxInput['size']) => (typeof size === 'number' ? [size, size] : size);
  const wanted = pair(given.size);
  const told = pair(config?.input.size);
  const sides = fixed.map((side, axis) => side ?? wanted?.[axis] ?? told?.[axis] ?? USUAL_SIZE);
  for (const [what, asked] of [['onnx.input.size', wanted] as const, ['preprocessor_config.json', told] as const]) {
    if (!asked || asked.every((side, axis) => side === sides[axis])) continue;
    const clash = `${what} asks for ${asked.join('×')}, and ${file} takes ${shownValue(input)}`;
    if (asked === wanted) throw new BagsslError('bad-argument', `${clash}; leave the size out.`);
    notes.push(`${clash}: its size is ${sides.join('×')}.`);
  }
  const assumed = fixed.some((side, axis) => side === undefined && !wanted && !told?.[axis]);
  if (assumed)
    notes.push(
      `The file leaves the input's size open: it is ${sides.join('×')} (set onnx.input.size, --encoder-size).`,
    );
  return [sides[0], sides[1], assumed];
}

function normalisation(
  signature: ModelSignature,
  input: ModelValue,
  layout: InputPlan['layout'],
  channels: 1 | 3,
  given: OnnxInput,
  config: Preprocessing | undefined,
  notes: string[],
): Pick<InputPlan, 'range' | 'mean' | 'std'> {
  const own = ownNormalisation(signature, input.name);
  const told = config?.input;
  const triple = (value: number | Triple | undefined): Triple | undefined =>
    typeof value === 'number' ? [value, value, value] : value;
  const isPlain = own !== undefined || layout === 'nhwc' || channels === 1;
  const usual = { range: own?.range ?? 1, ...(isPlain || given.range !== undefined ? PLAIN : IMAGENET) } as const;
  const found = {
    range: given.range ?? told?.range ?? usual.range,
    mean: triple(given.mean) ?? triple(told?.mean) ?? usual.mean,
    std: triple(given.std) ?? triple(told?.std) ?? usual.std,
  };
  if (!told && given.range === undefined && given.mean === undefined && given.std === undefined) {
    const values = `values of 0 to ${found.range}`;
    notes.push(
      own
        ? `The model normalises by itself (${quote(own.operator)}): it is given ${values}.`
        : isPlain
          ? `Nothing says how the model's input is normalised: it is given ${values} (set onnx.input: range, mean, std; --encoder-range, --encoder-mean, --encoder-std).`
          : `Nothing says how the model's input is normalised: ImageNet's mean and standard deviation are assumed (set onnx.input: mean, std; --encoder-mean, --encoder-std).`,
    );
  }
  return found;
}
