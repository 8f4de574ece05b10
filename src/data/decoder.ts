import type { Pixels } from '../base/pixels.ts';
import type { ImageHeader } from './image-header.ts';

/** What is asked of a decoder beside the pixels. */
export interface DecoderRequest {
  /**
   * The image will be shrunk by this factor, a whole number. A decoder that can do so for less work may give it at that size, rounded down, and say
   * `shrunk`.
   */
  readonly factor: number;
  /** Takes what is wrong with the file though it decodes. */
  warn(message: string): void;
}

/** A decoded image. */
export interface Decoded extends Pixels {
  /** An ICC profile that has still to be applied. */
  readonly profile?: Uint8Array;
  /** The four bytes of a pixel are cyan, magenta, yellow and black, 255 all of an ink, in place of `rgba`. */
  readonly inks?: boolean;
  /** The image was shrunk as asked. */
  readonly shrunk?: boolean;
}

/** Decodes an image file to `rgba` pixels, upright, alpha not multiplied in, in sRGB
 * unless `profile` or `inks` says otherwise. Rejects if the bytes do not decode. */
export type Decoder = (bytes: Uint8Array, header: ImageHeader, request: DecoderRequest) => Promise<Decoded>;

/** The largest image that is decoded, in pixels: 400 MB in memory for a moment, and more than any camera's photograph. */
export const MOST_PIXELS = 100_000_000;

/**
 * The default length of the shorter side, in pixels, below which an image is not shrunk. It is enough for fixed-scale patches,
 * and a photograph of 12 megapixels (46 MiB in memory) becomes about 345×259 (0.3 MiB).
 */
export const SHORT_SIDE = 256;
