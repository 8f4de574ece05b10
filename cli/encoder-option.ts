import { basename } from 'node:path';
import { compact, encoders, loadOnnx, type OnnxConfig, patchSize } from '../src/encoders.ts';
import { BagsslError } from '../src/index.ts';
import { inspectOnnx } from '../src/node.ts';
import { presets } from '../src/patches.ts';
import type { RunConfig } from '../src/train.ts';
import { type Rule, UsageError, type Values } from './command.ts';

export const BATCH_NORM = ['train', 'frozen'] as const;
const NAMES = Object.keys(encoders) as (keyof typeof encoders)[];
const isFile = (text: string) => text.toLowerCase().endsWith('.onnx');

export const ENCODER: Rule = {
  asked: `one of ${NAMES.join(', ')}, or a file .onnx`,
  fits: (text) => isFile(text) || NAMES.includes(text as (typeof NAMES)[number]),
};

/** The model that --encoder asks for, and for your own network patches of the size that it takes. `say` gets what was chosen. */
export async function encoderOverrides(
  values: Values,
  say: (line: string) => void,
): Promise<Partial<Pick<RunConfig, 'model' | 'recipe'>>> {
  const asked = values.text('encoder');
  const file = asked !== undefined && isFile(asked) ? asked : undefined;
  const batchNorm = values.choice('batch-norm', BATCH_NORM);
  const output = values.text('encoder-output');
  const side = values.number('encoder-size');
  if (file === undefined) {
    for (const option of ['batch-norm', 'encoder-output', 'encoder-size']) {
      if (values.text(option) !== undefined)
        throw new UsageError(`--${option} is for your own network: --encoder FILE.onnx.`);
    }
    const name = values.choice('encoder', NAMES);
    return name ? { model: { ...compact, encoder: encoders[name] } } : {};
  }
  const model = await modelAt(file);
  const cut = output ?? (await cutOf(model, basename(file), side, say));
  const encoder: OnnxConfig = {
    kind: 'onnx',
    name: basename(file),
    model,
    batchNorm: batchNorm ?? 'train',
    ...(cut !== undefined && { output: cut }),
    ...(side !== undefined && { size: side }),
  };
  const size = patchSize(encoder);
  return { model: { ...compact, encoder }, recipe: { ...presets.cifar16, size } };
}

/**
 * The value that is trained where none is named: what embedding takes too, such as the one before a classifier; undefined: the
 * file's first output. @throws BagsslError with everything that stands against training the file, where that is more than one thing
 */
async function cutOf(
  model: Uint8Array,
  name: string,
  size: number | undefined,
  say: (line: string) => void,
): Promise<string | undefined> {
  const { training, outputs, candidates } = await inspectOnnx(model, { run: false, onnx: { input: { size } } });
  const { blockers, output } = training;
  if (blockers.length > 1) {
    const reasons = blockers.map(({ reason, nodes }) => `${nodes > 1 ? `(${nodes} nodes) ` : ''}${reason}`);
    throw new BagsslError(
      blockers[0].code,
      `${name} cannot be trained, for ${reasons.length} reasons: ${reasons.join(' ')}`,
    );
  }
  if (output === outputs[0].name) return undefined;
  const what = candidates.find(({ chosen }) => chosen)?.what;
  say(`Trains "${name}" up to "${output}", ${what} (--encoder-output takes another value; bagssl inspect lists them).`);
  return output;
}

async function modelAt(file: string): Promise<Uint8Array> {
  try {
    return await loadOnnx(file);
  } catch (cause) {
    // Found and no model: that is a failure, not wrong use.
    if (cause instanceof BagsslError && cause.code !== 'bad-data') throw cause;
    throw new UsageError(`--encoder ${file}: ${(cause as Error).message}`);
  }
}
