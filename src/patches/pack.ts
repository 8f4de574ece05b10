import type { PatchJob } from './job.ts';
import { BYTES, type Pixels } from './pixels.ts';

/** A job whose pixels all lie in one buffer, which can be handed to another thread without copying. */
export interface PackedJob {
  readonly job: Omit<PatchJob, 'images'>;
  readonly images: readonly { id: number; width: number; height: number; layout: Pixels['layout'] }[];
  readonly pixels: ArrayBuffer;
}

/**
 * Copies a job's pixels into one fresh buffer. Posting the views themselves would clone the whole buffers they lie in:
 * for images of a CIFAR file, the file.
 */
export function packJob({ images, ...job }: PatchJob): PackedJob {
  const bytes = images.reduce((sum, { pixels }) => sum + pixels.data.length, 0);
  const packed = new Uint8Array(bytes);
  let at = 0;
  for (const { pixels } of images) {
    packed.set(pixels.data, at);
    at += pixels.data.length;
  }
  return {
    job,
    images: images.map(({ id, pixels: { width, height, layout } }) => ({ id, width, height, layout })),
    pixels: packed.buffer,
  };
}

/** The job again, its images views of the one buffer. */
export function unpackJob({ job, images, pixels }: PackedJob): PatchJob {
  let at = 0;
  return {
    ...job,
    images: images.map(({ id, width, height, layout }) => {
      const data = new Uint8Array(pixels, at, width * height * BYTES[layout]);
      at += data.length;
      return { id, pixels: { data, width, height, layout } };
    }),
  };
}
