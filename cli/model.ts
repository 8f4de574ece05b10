import {
  type BagPlacement,
  type EncoderUse,
  type OnnxEncoder,
  type PatchEncoder,
  parseBagPlacement,
} from '../src/embed.ts';
import { loadEncoder } from '../src/node.ts';
import { type Checkpoint, initialWeights, type RunConfig, runConfig } from '../src/train.ts';
import { type Option, PATH, UsageError } from './command.ts';

/** What `--model` names. */
export const MODEL_OPTION = {
  value: 'PATH',
  rule: PATH,
  required: true,
  help: 'a folder that "bagssl train" wrote, or an encoder\'s file (.safetensors)',
} satisfies Option;

/** A trained encoder, and the run that trained it where there is one. */
export interface Model {
  readonly encoder: PatchEncoder;
  readonly run?: Checkpoint;
  /** The same encoder before training: as the run's seed made it, or for an encoder's file as seed 0 does. */
  untrained(): PatchEncoder;
}

/** Opens what `--model` names, to be used in this way. */
export async function openModel(path: string, use: EncoderUse = {}): Promise<Model> {
  if (/\.onnx$/i.test(path)) throw new UsageError(`"${path}" is an .onnx file already, which other engines run.`);
  const { encoder, run } = await loadEncoder(path, use);
  return { encoder, run, untrained: () => untrainedOf(encoder, run?.config) };
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

const seesWhole = ({ layout }: PatchEncoder) => typeof layout === 'object';
