import { BagsslError } from '../base/errors.ts';
import { givenOptions } from '../base/options.ts';
import { Stream } from '../base/random.ts';
import type { ImageSet } from './image-set.ts';
import { Canvas, SIDE } from './scenes/canvas.ts';
import { drawScene, SCENE_CLASSES } from './scenes/scene.ts';

export interface BuiltinScenesOptions {
  /** The scenes of one part are never those of the other. Default `train`. */
  readonly split?: 'train' | 'test';
  /** Images, from 1. Default 5,000 for `train`, 1,000 for `test`. */
  readonly count?: number;
  /** Whole number, 0 to 2^53 - 1. Default 0. */
  readonly seed?: number;
}

const COUNT = { train: 5000, test: 1000 };

/**
 * Labelled scenes of 32×32 pixels (planar), made when first asked for and then kept: a textured object before dead leaves.
 * The class is the kind of texture, which neither mean colour nor raw pixels tell. Scene `i` is a function of (seed,
 * split, i) alone, the same bits on every platform; its class is `i` modulo the number of classes.
 * @throws BagsslError `bad-argument`
 */
export function builtinScenes(options: BuiltinScenesOptions = {}): ImageSet {
  givenOptions(options, 'builtinScenes', 'count, split');
  const { split = 'train', seed = 0 } = options;
  if (!Object.hasOwn(COUNT, split)) {
    throw new BagsslError('bad-argument', `The split is ${JSON.stringify(split)}; it must be "train" or "test".`);
  }
  const { count = COUNT[split] } = options;
  if (!Number.isInteger(count) || count < 1 || count > 1e6) {
    throw new BagsslError('bad-argument', `count is ${count}; it must be a whole number from 1 to 1,000,000.`);
  }
  const purpose = `builtin ${split}`;
  // A wrong seed is found now, not at the first image.
  new Stream(seed, purpose);
  const canvas = new Canvas();
  const images: (Uint8Array | undefined)[] = new Array(count);

  function make(index: number): Uint8Array {
    const data = new Uint8Array(3 * SIDE * SIDE);
    drawScene(canvas, new Stream(seed, purpose, index), index % SCENE_CLASSES.length, data);
    return data;
  }
  return {
    name: `builtin scenes (${split})`,
    length: count,
    classes: SCENE_CLASSES,
    labels: Int32Array.from({ length: count }, (_, i) => i % SCENE_CLASSES.length),
    image(index) {
      images[index] ??= make(index);
      return { data: images[index], width: SIDE, height: SIDE, layout: 'planar' };
    },
  };
}
