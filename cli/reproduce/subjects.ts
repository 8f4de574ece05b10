import { describeModel, type ModelConfig, projectors } from '../../src/encoders.ts';
import { presets } from '../../src/patches.ts';
import type { RunConfig } from '../../src/train.ts';

/** An encoder that the experiments train and compare. */
export interface Subject {
  readonly id: string;
  readonly name: string;
  readonly config: Partial<Pick<RunConfig, 'model' | 'recipe'>>;
  /** The one scale it was trained on, a share of the image's area; absent: many. */
  readonly scale?: number;
  /** Work for one patch, relative to the default encoder's. */
  readonly cost: number;
}

/** The side of CIFAR's images. Fixed-scale patches keep their pixels and are never enlarged. */
const IMAGE = 32;

/**
 * One network for patches of every size. Without padding it computes the same for a patch as for that part of the image, so one
 * pass gives all positions.
 */
const model: ModelConfig = {
  encoder: { kind: 'conv', widths: [48, 96, 192], strides: [1, 2, 1], residual: false, padding: 'valid' },
  projector: projectors.compact,
};

const work = (size: number): number => describeModel(model, size).total.multiplyAdds;

function subject(
  id: string,
  name: string,
  size: number,
  recipe: RunConfig['recipe'] | undefined,
  scale?: number,
): Subject {
  return { id, name, config: { model, recipe }, scale, cost: work(size) / work(16) };
}

function fixedScale(scale: number): Subject {
  const size = Math.round(IMAGE * Math.sqrt(scale));
  const recipe = { ...presets.cifar16, size, scale: [scale, scale] as const };
  return subject(`fixed-${scale}`, `fixed scale ${scale} (${size} px)`, size, recipe, scale);
}

/** The scales of the paper, EMP-SSL's first. */
export const FIXED: readonly Subject[] = [0.25, 0.2, 0.08].map(fixedScale);

/** The usual recipe: every view is a crop of 8 % of the image or more, resized to the same size. */
export const MULTI_CROP: Subject = subject('multi-crop', 'multi-crop (16 px)', 16, {
  ...presets.cifar16,
  scale: [0.08, 1],
  ratio: [3 / 4, 4 / 3],
});

/** The scales of its patches in a bag: the fixed scale, and a larger one. */
export const MULTI_CROP_BAGS = [0.25, 0.5] as const;
