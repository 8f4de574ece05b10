import type { JobImage, PatchJob } from './job.ts';
import type { KeptImages } from './kept-images.ts';

/** An image on its way to another thread: without `data` where that thread has kept it under `key`. */
interface PackedImage extends Omit<JobImage, 'pixels' | 'keep'> {
  readonly width: number;
  readonly height: number;
  readonly layout: JobImage['pixels']['layout'];
  readonly key?: string;
  readonly data?: Uint8Array;
}

/** A job that can be handed to another thread. */
export interface PackedJob {
  readonly job: Omit<PatchJob, 'images'>;
  readonly images: readonly PackedImage[];
  /** Keys of images that the other thread must forget once the job is done. */
  readonly drop: readonly string[];
  /** Where the patches go, if not to a buffer of their own. */
  readonly into?: Float32Array<SharedArrayBuffer>;
}

/** Shared memory is seen by all threads; an array elsewhere is copied, lest the buffer it lies in be cloned whole. */
function sendable({ buffer, byteOffset, length }: Uint8Array | Uint8ClampedArray, transfer: ArrayBuffer[]): Uint8Array {
  if (!(buffer instanceof ArrayBuffer)) return new Uint8Array(buffer, byteOffset, length);
  const copy = new Uint8Array(buffer.slice(byteOffset, byteOffset + length));
  transfer.push(copy.buffer);
  return copy;
}

/**
 * @param kept what the other thread has; it is brought up to date
 * @returns the job and the buffers to transfer with it
 */
export function packJob(
  { images, ...job }: PatchJob,
  kept: KeptImages,
  into?: Float32Array<SharedArrayBuffer>,
): [packed: PackedJob, transfer: ArrayBuffer[]] {
  const transfer: ArrayBuffer[] = [];
  const packed = images.map(({ id, pixels, region, keep }): PackedImage => {
    const { width, height, layout, data } = pixels;
    const key = keep && data.buffer instanceof ArrayBuffer ? kept.keyOf(id, data) : undefined;
    const known = key !== undefined && kept.touch(key, data.length);
    return { id, width, height, layout, region, key, data: known ? undefined : sendable(data, transfer) };
  });
  return [{ job, images: packed, drop: kept.evict(), into }, transfer];
}

/** The job again; images with a key are put into `kept`, or taken from there. */
export function unpackJob({ job, images }: PackedJob, kept: Map<string, Uint8Array>): PatchJob {
  return {
    ...job,
    images: images.map(({ id, width, height, layout, region, key, data = kept.get(key!)! }) => {
      if (key !== undefined) kept.set(key, data);
      return { id, pixels: { data, width, height, layout }, region };
    }),
  };
}
