import type { Pixels } from '../base/pixels.ts';
import type { ImageHeader } from './image-header.ts';

/** Bytes of a JPEG, PNG or WebP file to `rgba` pixels at full size, upright. Rejects if they do not decode. */
export type Decoder = (bytes: Uint8Array, header: ImageHeader) => Promise<Pixels>;

/** The largest image that is decoded, in pixels: 400 MB in memory for a moment, and no camera's photograph. */
export const MOST_PIXELS = 100_000_000;
