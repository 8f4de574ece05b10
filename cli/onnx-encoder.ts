import type { BagPlacement, OnnxEncoder, OnnxOptions } from '../src/embed.ts';
import { openOnnxEncoder } from '../src/node.ts';
import { type Command, NAME, oneOf, PATH, type Rule, UsageError, type Values } from './command.ts';
import type { Progress } from './progress.ts';

const numbersIn = (text: string) =>
  text.split(/[,x×]/i).map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
const numbers = (asked: string, counts: readonly number[], fits: (value: number) => boolean): Rule => ({
  asked,
  fits: (text) => counts.includes(numbersIn(text).length) && numbersIn(text).every(fits),
});

/** Options of the commands that an .onnx file can be given to. */
export const ONNX_OPTIONS = {
  encoder: {
    value: 'FILE|URL',
    rule: PATH,
    help: "in place of --model: an .onnx file, run as it is, by its path or URL; or an encoder's file (.safetensors)",
  },
  'encoder-size': {
    value: 'N|ROWSxCOLUMNS',
    rule: numbers('a size such as 224 or 240x320', [1, 2], (value) => Number.isInteger(value) && value >= 1),
    help: '.onnx: the size of its input, where the file leaves it open',
  },
  'encoder-output': {
    value: 'NAME',
    rule: NAME,
    help: '.onnx: the output, or any value inside the graph, to embed with',
  },
  'encoder-pool': {
    value: 'mean|first',
    rule: oneOf(['mean', 'first']),
    help: '.onnx: what is made of tokens; default mean',
  },
  'encoder-range': {
    value: '1|255',
    rule: oneOf(['1', '255']),
    help: '.onnx: what white is before mean and deviation',
  },
  'encoder-mean': {
    value: 'R,G,B',
    rule: numbers('a number, or three with commas', [1, 3], Number.isFinite),
    help: '.onnx: the mean its images were normalised with, such as 0.485,0.456,0.406',
  },
  'encoder-std': {
    value: 'R,G,B',
    rule: numbers('a positive number, or three with commas', [1, 3], (value) => value > 0 && value < Infinity),
    help: '.onnx: the standard deviation, such as 0.229,0.224,0.225',
  },
  'encoder-channels': {
    value: 'rgb|bgr',
    rule: oneOf(['rgb', 'bgr']),
    help: '.onnx: the order of its channels; default rgb',
  },
  'encoder-fit': {
    value: 'crop|stretch',
    rule: oneOf(['crop', 'stretch']),
    help: ".onnx: keep an image's proportions and take its middle, or stretch it; default crop",
  },
  'encoder-crop': {
    value: 'SHARE',
    rule: numbers('a number above 0, at most 1', [1], (value) => value > 0 && value <= 1),
    help: '.onnx: the share of the sides that is taken, such as 0.875; default 1',
  },
} satisfies Command['options'];

/** Whether an address names an .onnx file. */
export const isOnnx = (address: string) => /\.onnx([?#]|$)/i.test(address);

/** What `--model` or `--encoder` names. @throws UsageError unless exactly one is given */
export function encoderAddress(values: Values): string {
  const [model, encoder] = [values.text('model'), values.text('encoder')];
  const address = encoder ?? model;
  if (address === undefined || (model !== undefined && encoder !== undefined)) {
    throw new UsageError(
      `${address === undefined ? '--model is missing' : 'Both --model and --encoder are given'}: give --model PATH for what "bagssl train" wrote, or --encoder FILE.onnx.`,
    );
  }
  return address;
}

/** The .onnx file that the command is to run as it is; undefined if it is given another encoder, or none where it needs none. */
export async function onnxEncoder(
  values: Values,
  progress: Progress,
  placement: BagPlacement | undefined,
  isNeeded = true,
): Promise<OnnxEncoder | undefined> {
  const isGiven = isNeeded || values.text('model') !== undefined || values.text('encoder') !== undefined;
  const address = isGiven ? encoderAddress(values) : 'the encoder that comes with bagssl';
  const given = Object.keys(ONNX_OPTIONS).find((name) => name !== 'encoder' && values.text(name) !== undefined);
  if (!isOnnx(address)) {
    if (given) throw new UsageError(`--${given} is for an .onnx file, which "${address}" is not.`);
    return undefined;
  }
  if (values.text('feature') !== undefined)
    throw new UsageError('--feature is for encoders trained here; name a value of an .onnx file by --encoder-output.');
  if (values.text('layout') !== undefined)
    throw new UsageError('--layout is for encoders of patches; an .onnx file makes one vector of an image itself.');
  const encoder = await openOnnxEncoder(address, {
    onnx: onnxOptions(values),
    placement,
    onProgress: (done, total) => progress.show(done / total, 'fetching the encoder'),
  });
  progress.clear();
  if (encoder.notes.length === 0) progress.say(encoder.describe());
  return encoder;
}

/** What the options say of an .onnx file. */
export function onnxOptions(values: Values): OnnxOptions {
  const list = (name: string) => {
    const text = values.text(name);
    const found = text === undefined ? undefined : numbersIn(text);
    return (found?.length === 1 ? found[0] : found) as never;
  };
  const range = values.number('encoder-range') as 1 | 255 | undefined;
  const pool = values.choice('encoder-pool', ['mean', 'first']);
  const output = values.text('encoder-output');
  const input = {
    size: list('encoder-size'),
    range,
    mean: list('encoder-mean'),
    std: list('encoder-std'),
    channels: values.choice('encoder-channels', ['rgb', 'bgr']),
    fit: values.choice('encoder-fit', ['crop', 'stretch']),
    crop: list('encoder-crop'),
  };
  return { input, output, pool };
}
