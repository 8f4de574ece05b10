import { checkOptions, oneOf, type Rules, whole } from '../base/options.ts';
import { Stream } from '../base/random.ts';
import type { ImageSet } from './image-set.ts';
import { Canvas, SIDE } from './scenes/canvas.ts';
import { drawScene, SCENE_CLASSES } from './scenes/scene.ts';

export interface BuiltinScenesOptions {
  /** The two parts have no scene in common. Default `train`. */
  readonly split?: 'train' | 'test';
  /** Images, 1 to 1,000,000. Default 5,000 for `train`, 1,000 for `test`. */
  readonly count?: number;
  /** A whole number, 0 to 2^53 - 1. Default 0. */
  readonly seed?: number;
}

const COUNT = { train: 5000, test: 1000 };

const RULES: Rules<BuiltinScenesOptions> = { count: whole(1, 1e6), split: oneOf('train', 'test'), seed: whole(0) };

/**
 * Labelled scenes of 32×32 pixels (planar): a textured object in front of dead leaves. A scene is drawn when it is first asked
 * for, then kept. The class is the kind of texture, which neither the mean colour nor the raw pixels reveal. Scene `i` depends
 * only on (seed, split, i) and has the same bits on every platform; its class is `i` modulo the number of classes.
 * @throws BagsslError `bad-argument`
 */
export function builtinScenes(options: BuiltinScenesOptions = {}): ImageSet {
  checkOptions('builtinScenes', options, RULES);
  const { split = 'train', count = COUNT[split], seed = 0 } = options;
  const purpose = `builtin ${split}`;
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
