import type { ImageSet } from '../../src/data.ts';
import { fit } from '../../src/index.ts';
import type { DeviceChoice } from '../../src/runtime.ts';
import type { RunConfig } from '../../src/train.ts';

/** A tiny run that exercises every part of the step, for comparing engines: 20 steps, one seed, milliseconds each. */
export const SHORT_RUN: Partial<RunConfig> = {
  seed: 11,
  recipe: {
    size: 8,
    scale: [0.25, 0.25],
    flip: 0.5,
    jitter: { probability: 0.8, brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 },
    greyscale: 0.2,
    mean: [0.5, 0.5, 0.5],
    std: [0.5, 0.5, 0.5],
  },
  model: {
    encoder: { kind: 'conv', widths: [8, 16, 16], strides: [1, 2, 1], residual: true },
    projector: { hidden: [32, 32], out: 16 },
  },
  objective: { kind: 'coding-rate', epsilon2: 0.2, similarity: 20 },
  optimizer: { kind: 'lars' },
  rate: 0.03,
  warmup: 5,
  images: 12,
  views: 3,
  budget: { steps: 20 },
};

/** As SHORT_RUN, but five steps of few operators: every device compiles its kernels again, which takes a software adapter most of the time. */
export const FEW_OPERATORS = {
  ...SHORT_RUN,
  model: { encoder: { kind: 'conv', widths: [6], strides: [2], residual: false }, projector: { hidden: [8], out: 4 } },
  optimizer: { kind: 'sgd' },
  rate: 0.003,
  budget: { steps: 5 },
} as const;

/** 24 images of smooth colour with a bright square, the same everywhere: integers alone decide every pixel. */
export function plainImages(count = 24, side = 16): ImageSet {
  const images = Array.from({ length: count }, (_, n) => {
    const data = new Uint8Array(3 * side * side);
    for (let c = 0; c < 3; c++) {
      for (let y = 0; y < side; y++) {
        for (let x = 0; x < side; x++) {
          const square = Math.abs(x - ((n * 5) % side)) < 4 && Math.abs(y - ((n * 3) % side)) < 4;
          const wave = (x * (n % 7) + y * ((n + c) % 5) + n * 31 + c * 57) % 200;
          data[(c * side + y) * side + x] = square ? 255 - wave : wave;
        }
      }
    }
    return { data, width: side, height: side, layout: 'planar' as const };
  });
  return { name: 'plain images', length: count, image: (index) => images[index] };
}

/** The losses of SHORT_RUN on a device. */
export async function shortTraining(
  device: DeviceChoice,
  extra: { workers?: number; threads?: number } = {},
): Promise<number[]> {
  const training = fit({
    data: plainImages(),
    device,
    config: SHORT_RUN,
    reportEvery: 1,
    threads: 1,
    workers: 1,
    ...extra,
  });
  try {
    for await (const _ of training) {
      // Every step is reported; the history keeps what it said.
    }
    return training.history.map(({ loss }) => loss);
  } finally {
    await training.dispose();
  }
}

/** Largest difference of two runs' losses, relative to the loss. */
export function largestDifference(losses: readonly number[], expected: readonly number[]): number {
  if (losses.length !== expected.length) return Number.POSITIVE_INFINITY;
  return Math.max(...losses.map((loss, k) => Math.abs(loss - expected[k]) / Math.abs(expected[k])));
}
