import type { Pixels } from '../base/pixels.ts';
import type { JobImage, PatchJob } from './job.ts';

/** A number for each buffer, so that one can be named in another thread. */
const numbers = new WeakMap<ArrayBufferLike, number>();
let next = 0;

/** Which images another thread keeps: the most recently used, within a budget of bytes. */
export class KeptImages {
  /** Bytes by key, least recently used first. */
  readonly #sizes = new Map<string, number>();
  #bytes = 0;

  constructor(private readonly budget: number) {}

  get bytes(): number {
    return this.#bytes;
  }

  /** A name for an image that will not change: its id and the place of its bytes in memory. */
  keyOf(id: number, { buffer, byteOffset, length }: Uint8Array | Uint8ClampedArray): string {
    let number = numbers.get(buffer);
    if (number === undefined) {
      number = next++;
      numbers.set(buffer, number);
    }
    return `${id} ${number} ${byteOffset} ${length}`;
  }

  /** Notes the use of an image. Returns whether the other thread has it already; if not, send it now. */
  touch(key: string, bytes: number): boolean {
    const known = this.#sizes.delete(key);
    this.#sizes.set(key, bytes);
    if (!known) this.#bytes += bytes;
    return known;
  }

  /** Removes what exceeds the budget, and returns its keys. */
  evict(): string[] {
    const dropped: string[] = [];
    for (const [key, bytes] of this.#sizes) {
      if (this.#bytes <= this.budget) break;
      this.#sizes.delete(key);
      this.#bytes -= bytes;
      dropped.push(key);
    }
    return dropped;
  }
}

/** An image on its way to another thread: without `data` where that thread has kept it under `key`. */
export interface PackedPixels extends Omit<Pixels, 'data'> {
  readonly key?: string;
  readonly data?: Uint8Array;
}

/** A job that can be handed to another thread. */
export interface PackedJob {
  readonly job: Omit<PatchJob, 'images'>;
  readonly images: readonly (PackedPixels & Pick<JobImage, 'id' | 'region'>)[];
  /** Keys of images that the other thread must forget once the job is done. */
  readonly drop: readonly string[];
  /** Where the patches go, if not to a buffer of their own. */
  readonly into?: Float32Array<SharedArrayBuffer>;
  /** URLs of the user's augmentations. */
  readonly own: readonly string[];
}

/**
 * @param kept what the other thread has, brought up to date; undefined: this image is not to be kept
 * @param transfer receives the buffers to transfer
 */
export function packPixels(
  id: number,
  { width, height, layout, data }: Pixels,
  kept: KeptImages | undefined,
  transfer: ArrayBuffer[],
): PackedPixels {
  const key = data.buffer instanceof ArrayBuffer ? kept?.keyOf(id, data) : undefined;
  const known = key !== undefined && kept!.touch(key, data.length);
  return { width, height, layout, key, data: known ? undefined : sendable(data, transfer) };
}

/** All threads see shared memory. Any other array is copied, because cloning it would clone its whole buffer. */
function sendable({ buffer, byteOffset, length }: Uint8Array | Uint8ClampedArray, transfer: ArrayBuffer[]): Uint8Array {
  if (!(buffer instanceof ArrayBuffer)) return new Uint8Array(buffer, byteOffset, length);
  const copy = new Uint8Array(buffer.slice(byteOffset, byteOffset + length));
  transfer.push(copy.buffer);
  return copy;
}

/** The image again; with a key it is put into `kept`, or taken from there. */
export function unpackPixels(packed: PackedPixels, kept: Map<string, Uint8Array>): Pixels {
  const { width, height, layout, key, data = kept.get(key!)! } = packed;
  if (key !== undefined) kept.set(key, data);
  return { data, width, height, layout };
}

/**
 * @param kept what the other thread has; it is brought up to date
 * @returns the job and the buffers to transfer with it
 */
export function packJob(
  { images, ...job }: PatchJob,
  kept: KeptImages,
  into?: Float32Array<SharedArrayBuffer>,
  own: readonly string[] = [],
): [packed: PackedJob, transfer: ArrayBuffer[]] {
  const transfer: ArrayBuffer[] = [];
  const packed = images.map(({ id, pixels, region, keep }) => {
    return { id, region, ...packPixels(id, pixels, keep ? kept : undefined, transfer) };
  });
  return [{ job, images: packed, drop: kept.evict(), into, own }, transfer];
}

/** The job again; images with a key are put into `kept`, or taken from there. */
export function unpackJob({ job, images }: PackedJob, kept: Map<string, Uint8Array>): PatchJob {
  return {
    ...job,
    images: images.map(({ id, region, ...image }) => ({ id, region, pixels: unpackPixels(image, kept) })),
  };
}
