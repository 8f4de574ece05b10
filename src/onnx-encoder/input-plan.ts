import { BagsslError } from '../base/errors.ts';
import { quote } from '../base/values.ts';
import type { Triple } from '../patches/recipe.ts';
import type { Preprocessing } from './config-values.ts';
import { axesOf, noImage } from './input-axes.ts';
import { metadataInput } from './metadata-input.ts';
import { type ModelSignature, type ModelValue, shownValue } from './model-signature.ts';
import type { OnnxInput } from './onnx-options.ts';
import { ownNormalisation } from './own-normalisation.ts';
import { pastDecoder } from './past-decoder.ts';

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
  /** The axis that the input lacks: that of the batch, where it is one image, or that of the channels of grey images. */
  readonly missing?: 'batch' | 'channels';
  /** It is a value inside the graph, such as what a decoder in front of the network gives. */
  readonly inside?: true;
  /** What white is before `mean` and `std`. */
  readonly range: 1 | 255;
  /** Subtracted from every channel, in the order of `channels`; grey takes the first. */
  readonly mean: Triple;
  /** Divides every channel. */
  readonly std: Triple;
  /** How pixels between pixels are made. */
  readonly interpolation: 'bilinear' | 'bicubic';
  /** `crop` keeps the image's proportions, `stretch` gives it those of the input. */
  readonly fit: 'crop' | 'stretch';
  /** The share that is taken of the sides: with `crop` of the largest middle box, with `stretch` of the stretched image. */
  readonly crop: number;
}

/** The types of inputs that pixels can be given in. */
export type ElementType = 'float32' | 'float16' | 'float64' | 'uint8' | 'int8' | 'int32' | 'int64';

/** By ONNX's codes. */
const TYPES: Readonly<Record<number, ElementType>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  6: 'int32',
  7: 'int64',
  10: 'float16',
  11: 'float64',
};

/** The shape of the input of a run of so many images. */
export function inputDims({ layout, channels, rows, columns, missing }: InputPlan, images: number): readonly number[] {
  const depth = channels === 'grey' ? 1 : 3;
  const all = layout === 'nchw' ? [images, depth, rows, columns] : [images, rows, columns, depth];
  const without = missing === 'batch' ? 0 : missing === 'channels' ? 1 : -1;
  return all.filter((_, axis) => axis !== without);
}

/** What torchvision's and timm's networks were trained with. */
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;
const PLAIN = { mean: [0, 0, 0], std: [1, 1, 1] } as const;
/** Levels in int8, as TensorFlow Lite's converters mean them. */
const SIGNED = { mean: [128, 128, 128], std: [1, 1, 1] } as const;

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
 * Decides how images are prepared for a model of one input: what the caller gives comes first, then the file's own fixed sizes, then the
 * configuration beside it, then its metadata, then what is usual.
 * @throws BagsslError `bad-model` for a model whose input is no image; `bad-argument` for a size that the model does not take
 */
export function planInput(
  whole: ModelSignature,
  file: string,
  given: OnnxInput = {},
  config: Preprocessing | undefined = undefined,
): PlannedInput {
  const past = pastDecoder(whole);
  const { signature = whole } = past ?? {};
  const input = onlyInput(signature, file);
  const type = TYPES[input.type];
  if (!type) {
    throw noImage(file, input, `has ONNX type ${input.type}, which pixels cannot be given in`);
  }
  const metadata = metadataInput(whole.metadata);
  const notes = [config, metadata].flatMap((said) => said?.notes ?? []);
  if (past)
    notes.push(`It decodes image files itself (${past.operator}); it is given pixels in place of what that gives.`);
  const { layout, channels, rows: fixedRows, columns: fixedColumns, batch, missing } = axesOf(input, file, given);
  const [rows, columns, sizeAssumed] = sizeOf(input, file, [fixedRows, fixedColumns], given, [config, metadata], notes);
  const own = ownNormalisation(signature, input.name);
  const told = { ...metadata?.input, ...(config && configured(config, own !== undefined || layout === 'nhwc')) };
  const colours = channels === 1 ? 'grey' : (given.channels ?? past?.channels ?? told.channels ?? 'rgb');
  const isWhole = type.includes('int');
  if (isWhole && (given.range === 1 || given.mean !== undefined || given.std !== undefined)) {
    throw new BagsslError(
      'bad-argument',
      `onnx.input: ${file} takes ${type}, whole levels of ${type === 'int8' ? '-128 to 127' : '0 to 255'}, so range, mean and std cannot be set.`,
    );
  }
  const usual = isWhole
    ? { range: 255 as const, ...(type === 'int8' ? SIGNED : PLAIN) }
    : normalisation(own, layout === 'nhwc' || channels === 1, given, told, notes);
  // The share belongs to the way that was told with it.
  const isToldFit = given.fit === undefined || given.fit === (told.fit ?? 'crop');
  return {
    plan: {
      name: input.name,
      type,
      layout,
      channels: colours,
      rows,
      columns,
      ...(batch !== undefined && { batch }),
      ...(missing && { missing }),
      ...(past && { inside: true as const }),
      ...usual,
      interpolation: given.interpolation ?? told.interpolation ?? 'bilinear',
      fit: given.fit ?? told.fit ?? 'crop',
      crop: given.crop ?? (isToldFit ? told.crop : undefined) ?? 1,
    },
    notes,
    sizeAssumed,
  };
}

/** What a configuration says of the file: where the file has, or seems to have, a normalisation of its own, not that of the network before its export. */
function configured({ input, beforeExport }: Preprocessing, isNormalised: boolean): OnnxInput {
  if (!beforeExport || !isNormalised) return input;
  const { range: _range, mean: _mean, std: _std, ...rest } = input;
  return rest;
}

function onlyInput({ inputs: [input] }: ModelSignature, file: string): ModelValue {
  if (!input) throw new BagsslError('bad-model', `${file} has no input; an encoder takes images.`);
  return input;
}

function sizeOf(
  input: ModelValue,
  file: string,
  fixed: readonly [number | undefined, number | undefined],
  given: OnnxInput,
  sources: readonly (Preprocessing | undefined)[],
  notes: string[],
): readonly [rows: number, columns: number, assumed: boolean] {
  const pair = (size: OnnxInput['size']) => (typeof size === 'number' ? [size, size] : size);
  const wanted = pair(given.size);
  const source = sources.find((said) => said?.input.size !== undefined);
  const told = pair(source?.input.size);
  const sides = fixed.map((side, axis) => side ?? wanted?.[axis] ?? told?.[axis] ?? USUAL_SIZE);
  for (const [what, asked] of [['onnx.input.size', wanted] as const, [source?.from, told] as const]) {
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
  own: ReturnType<typeof ownNormalisation>,
  isUnusual: boolean,
  given: OnnxInput,
  told: OnnxInput,
  notes: string[],
): Pick<InputPlan, 'range' | 'mean' | 'std'> {
  const triple = (value: number | Triple | undefined): Triple | undefined =>
    typeof value === 'number' ? [value, value, value] : value;
  const isPlain = own !== undefined || isUnusual;
  const usual = { range: own?.range ?? 1, ...(isPlain || given.range !== undefined ? PLAIN : IMAGENET) } as const;
  const found = {
    range: given.range ?? told.range ?? usual.range,
    mean: triple(given.mean) ?? triple(told.mean) ?? usual.mean,
    std: triple(given.std) ?? triple(told.std) ?? usual.std,
  };
  if (told.range === undefined && given.range === undefined && given.mean === undefined && given.std === undefined) {
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
