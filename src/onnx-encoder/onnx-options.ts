import {
  aboveZero,
  BYTES,
  checkOptions,
  NUMBER,
  OBJECT,
  oneOf,
  optionsOf,
  type Rule,
  type Rules,
  SWITCH,
  TEXT,
  tuple,
  whole,
} from '../base/options.ts';
import type { Triple } from '../patches/recipe.ts';

/**
 * How an image becomes the model's input. What is left out is taken from a configuration beside the file, such as
 * `preprocessor_config.json`, then from the file, then by the rules of docs/guides/bring-an-encoder.md.
 */
export interface OnnxInput {
  /** Rows and columns of the input, px, or one number for both; needed where the file leaves them open and 224 does not fit. */
  readonly size?: number | readonly [rows: number, columns: number];
  /** How channels lie: `nchw` plane after plane, `nhwc` pixel after pixel. */
  readonly layout?: 'nchw' | 'nhwc';
  /** The channels of a model that takes three; default `rgb`. A model that takes one gets grey. */
  readonly channels?: 'rgb' | 'bgr';
  /** What white is before `mean` and `std` are applied: 1 or 255. */
  readonly range?: 1 | 255;
  /** Subtracted from every channel, after `range`; one number or three. */
  readonly mean?: number | Triple;
  /** Divides every channel, after `mean`; one number or three, above 0. */
  readonly std?: number | Triple;
  /** How pixels between pixels are made; antialiased in both cases. */
  readonly interpolation?: 'bilinear' | 'bicubic';
  /** `crop` keeps the image's proportions and takes its middle; `stretch` gives it the input's proportions. */
  readonly fit?: 'crop' | 'stretch';
  /** The share of the sides that is taken, above 0, at most 1: with `crop` of the largest middle box, with `stretch` of the stretched image. */
  readonly crop?: number;
}

/** How an .onnx file is run as it is. */
export interface OnnxOptions {
  /** How an image becomes the model's input. */
  readonly input?: OnnxInput;
  /** The value that becomes the vector: an output, or any value inside the graph, by name. */
  readonly output?: string;
  /** What is made of an output of tokens, [batch, tokens, width]: their mean (default), or the first, the class token. */
  readonly pool?: 'mean' | 'first';
  /** Files that hold the model's weights, by the names it calls them; default: fetched or read beside it. */
  readonly data?: Readonly<Record<string, Uint8Array>>;
  /** The SHA-256 of the .onnx file, in hexadecimal: any other file is refused. */
  readonly sha256?: string;
  /**
   * Whether files from the network are kept: in the Cache API, in Node in a folder of this user's, or in the folder given. Default true.
   */
  readonly cache?: boolean | string;
}

/** Px. */
export const LARGEST_SIDE = 4096;
const side = whole(1, LARGEST_SIDE);

const either = (...rules: readonly Rule[]): Rule => ({
  asked: rules.map(({ asked }) => asked).join(', or '),
  fits: (value) => rules.some((rule) => rule.fits(value)),
});

const INPUT_RULES: Rules<OnnxInput> = {
  size: either(side, {
    asked: `[rows, columns] of 1 to ${LARGEST_SIDE}`,
    fits: (value) => Array.isArray(value) && value.length === 2 && value.every(side.fits),
  }),
  layout: oneOf('nchw', 'nhwc'),
  channels: oneOf('rgb', 'bgr'),
  range: oneOf(1, 255),
  mean: either(NUMBER, tuple(3, -1000, 1000)),
  std: either(aboveZero(1000), tuple(3, 1e-6, 1000)),
  interpolation: oneOf('bilinear', 'bicubic'),
  fit: oneOf('crop', 'stretch'),
  crop: aboveZero(1),
};

const RULES: Rules<OnnxOptions> = {
  input: optionsOf(INPUT_RULES),
  output: TEXT,
  pool: oneOf('mean', 'first'),
  data: OBJECT,
  sha256: {
    asked: '64 hexadecimal digits',
    fits: (value) => typeof value === 'string' && /^[0-9a-f]{64}$/i.test(value),
  },
  cache: either(SWITCH, TEXT),
};

/** @throws BagsslError `bad-argument` */
export function checkOnnxOptions(options: OnnxOptions): OnnxOptions {
  checkOptions('onnx', options, RULES);
  const { data = {} } = options;
  checkOptions<object>('onnx.data', data, Object.fromEntries(Object.keys(data).map((name) => [name, BYTES])));
  return options;
}
