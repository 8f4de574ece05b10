import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { compact, encoders, type OnnxConfig, patchSize } from '../src/encoders.ts';
import { presets } from '../src/patches.ts';
import type { RunConfig } from '../src/train.ts';
import { UsageError, type Values } from './options.ts';

const BATCH_NORM = ['train', 'frozen'] as const;

/** The model that --encoder asks for, and patches of the size an own network takes. */
export async function encoderOverrides(values: Values): Promise<Partial<Pick<RunConfig, 'model' | 'recipe'>>> {
  const file = values.text('encoder')?.toLowerCase().endsWith('.onnx') ? values.text('encoder') : undefined;
  const batchNorm = values.choice('batch-norm', BATCH_NORM);
  const output = values.text('encoder-output');
  if (file === undefined) {
    for (const option of ['batch-norm', 'encoder-output']) {
      if (values.text(option) !== undefined)
        throw new UsageError(`--${option} is for a network of one's own: --encoder FILE.onnx.`);
    }
    const name = values.choice('encoder', Object.keys(encoders) as (keyof typeof encoders)[]);
    return name ? { model: { ...compact, encoder: encoders[name] } } : {};
  }
  const encoder: OnnxConfig = {
    kind: 'onnx',
    name: basename(file),
    model: await bytesOf(file),
    batchNorm: batchNorm ?? 'train',
    ...(output !== undefined && { output }),
  };
  const size = patchSize(encoder);
  return { model: { ...compact, encoder }, recipe: { ...presets.cifar16, size } };
}

async function bytesOf(file: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(file));
  } catch (cause) {
    throw new UsageError(`--encoder ${file} cannot be read (${(cause as { code?: string }).code}).`);
  }
}
