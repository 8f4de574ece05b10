import { fit } from '../../src/index.ts';
import type { ObjectiveChoice } from '../../src/objectives.ts';
import type { DeviceChoice } from '../../src/runtime.ts';
import type { RunConfig } from '../../src/train.ts';
import { plainImages, SHORT_RUN } from './short-training.ts';

/** Plain SGD, for every kernel of an optimizer is one more that a software adapter compiles; SHORT_RUN has LARS. */
const sized = {
  ...SHORT_RUN,
  optimizer: { kind: 'sgd' },
  rate: 0.003,
  images: 8,
  views: 2,
  budget: { steps: 3 },
  warmup: 0,
} satisfies Partial<RunConfig>;
const head = { hidden: [16, 16], out: 8 };
const encoder = { kind: 'conv', widths: [6], strides: [2], residual: false } as const;
const objective = (given: ObjectiveChoice): Partial<RunConfig> => ({
  ...sized,
  model: { encoder, projector: head },
  objective: given,
});

/** Runs of three steps that between them have every operator the presets train with, each as small as its structure allows. */
export const TINY_RUNS: Readonly<Record<string, Partial<RunConfig>>> = {
  'ResNet-18 with the EMP-SSL head, narrow': {
    ...sized,
    model: {
      encoder: { kind: 'resnet', depth: 18, stem: 'cifar', width: 4 },
      projector: { hidden: [32, 32], out: 16, bias: true },
    },
  },
  ViT: {
    ...sized,
    model: { encoder: { kind: 'vit', patch: 4, width: 12, depth: 1, heads: 2, mlpRatio: 2 }, projector: head },
  },
  ConvMixer: {
    ...sized,
    model: { encoder: { kind: 'convmixer', patch: 4, width: 6, depth: 1, kernel: 3 }, projector: head },
  },
  'depthwise encoder': {
    ...sized,
    model: {
      encoder: { kind: 'depthwise', widths: [6, 6, 8], strides: [1, 1, 2], residual: true },
      projector: head,
    },
  },
  'convolutions without padding': {
    ...sized,
    model: {
      encoder: { ...encoder, widths: [6, 6], strides: [1, 1], residual: true, padding: 'valid' },
      projector: head,
    },
  },
  'coding rate': objective({ kind: 'coding-rate', similarity: 20 }),
  VICReg: objective({ kind: 'vicreg' }),
  'spectral contrastive': objective({ kind: 'spectral', radius: 2 }),
  InfoNCE: objective({ kind: 'info-nce' }),
  'Barlow Twins': objective({ kind: 'barlow-twins' }),
  BYOL: objective({ kind: 'byol', hidden: 8 }),
};

/** The losses of a run on a device. */
export async function lossesOf(device: DeviceChoice, run: Partial<RunConfig>): Promise<number[]> {
  await using training = fit({ data: plainImages(), device, config: run, reportEvery: 1, threads: 1, workers: 0 });
  for await (const _ of training);
  return training.history.map(({ loss }) => loss);
}
