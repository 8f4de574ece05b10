import {
  type BagPlacement,
  type EncoderUse,
  type OnnxEncoder,
  type PartLayout,
  type PatchEncoder,
  parseBagPlacement,
} from '../src/embed.ts';
import { loadEncoder } from '../src/node.ts';
import { type Checkpoint, initialWeights, type RunConfig, runConfig } from '../src/train.ts';
import { type Option, oneOf, PATH, UsageError, type Values } from './command.ts';

/** What `--model` names. */
export const MODEL_OPTION = {
  value: 'PATH',
  rule: PATH,
  required: true,
  help: 'a folder that "bagssl train" wrote, or an encoder\'s file (.safetensors)',
} satisfies Option;

const LAYOUTS: readonly PartLayout[] = ['mean', 'quadrants', 'halves', 'pyramid'];

/** How the patches' vectors become the image's. */
export const LAYOUT_OPTION = {
  value: 'NAME',
  rule: oneOf(LAYOUTS),
  help: `the image's vector from its patches': ${LAYOUTS.join(', ')}; for encoders of patches, default mean`,
} satisfies Option;

/** A trained encoder, and the run that trained it where there is one. */
export interface Model {
  readonly encoder: PatchEncoder;
  readonly run?: Checkpoint;
  /** The same encoder before training: as the run's seed made it, or for an encoder's file as seed 0 does. */
  untrained(): PatchEncoder;
}

/** Opens what `--model` names, to be used in this way. @param values may have a `--layout` */
export async function openModel(path: string, use: EncoderUse = {}, values?: Values): Promise<Model> {
  if (/\.onnx$/i.test(path)) throw new UsageError(`"${path}" is an .onnx file already, which other engines run.`);
  const { encoder: found, run } = await loadEncoder(path, use);
  const layout = values?.choice('layout', LAYOUTS);
  if (layout && seesWhole(found)) {
    throw new UsageError(`--layout is for encoders of patches; "${path}" sees whole images by a layout of its own.`);
  }
  const encoder = layout ? found.with({ layout }) : found;
  return { encoder, run, untrained: () => untrainedOf(encoder, run?.config) };
}

/** For a command that is given no model. @throws UsageError for a `--layout` */
export function checkNoLayout(values: Values): void {
  if (values.text('layout') === undefined) return;
  throw new UsageError('--layout is for encoders of patches; the one that comes with bagssl sees whole images.');
}

/** An encoder before training: as the run's seed made it, or as seed 0 does. */
export function untrainedOf(encoder: PatchEncoder, config?: RunConfig): PatchEncoder {
  const { model, recipe } = encoder;
  const weights = initialWeights(config ?? runConfig({ model, recipe, budget: { steps: 1 } }));
  // A learnt layout is of the trained network.
  const plain = seesWhole(encoder) && ({ layout: 'mean', placement: { kind: 'grid', across: 3 } } as const);
  return encoder.with({ weights, whitening: undefined, ...plain });
}

/** Where patches lie: as `--patches` says, else as an encoder that sees whole images has it, else as usual. */
export function placementOf(
  encoder: PatchEncoder | OnnxEncoder,
  patches: string | undefined,
  usual: string,
): BagPlacement {
  if ('notes' in encoder || (patches === undefined && seesWhole(encoder))) return encoder.placement;
  return parseBagPlacement(patches ?? usual);
}

export const seesWhole = ({ layout }: PatchEncoder) => typeof layout === 'object';
