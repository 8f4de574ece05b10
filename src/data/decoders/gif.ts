import type { Decoded } from '../decoder.ts';
import type { ImageHeader } from '../image-header.ts';

/** What is used of omggif. */
interface Omggif {
  GifReader: new (bytes: Uint8Array) => { decodeAndBlitFrameRGBA(frame: number, into: Uint8Array): void };
}

/** Decodes the first frame of a GIF, on its canvas. */
export async function decodeGif(bytes: Uint8Array, { width, height }: ImageHeader): Promise<Decoded> {
  const { GifReader } = (await import('omggif' as string)).default as Omggif;
  // The reader writes a frame by the size of the canvas, which a frame may enlarge.
  const whole = bytes.slice();
  whole.set([width & 255, width >> 8, height & 255, height >> 8], 6);
  const reader = new GifReader(whole);
  const data = new Uint8Array(width * height * 4);
  reader.decodeAndBlitFrameRGBA(0, data);
  return { data, width, height, layout: 'rgba' };
}
