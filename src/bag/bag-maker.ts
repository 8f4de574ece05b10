import type { Pixels } from '../base/pixels.ts';
import type { AnyImage } from '../data/image-from.ts';
import type { BagPlacement } from '../encoder/bag-placement.ts';
import type { Precision } from '../graph/graph.ts';
import type { Bag, BagRequest } from './bag.ts';
import type { PlacedImage } from './images-of.ts';

/** An image, its place, and the number that names it in random draws. */
export interface NumberedImage extends PlacedImage {
  readonly id: number;
}

/** Which bags are wanted. */
export interface PlacedRequest extends BagRequest {
  readonly placement: BagPlacement;
  /** Embed each whole image as one patch too. */
  readonly whole?: boolean;
}

/** What an embedder makes bags with. There is one for each kind of encoder. */
export interface BagMaker {
  /** Of the vectors. */
  readonly width: number;
  /** What the network computes in. */
  readonly precision: Precision;
  /** Encoded images are shrunk before they get here, but their shorter side stays at least this, px; absent: the decoder's default. */
  shortSide?(placement: BagPlacement): number;
  /** Reads an image; absent: `imageFrom` does. */
  readonly read?: (image: AnyImage, shortSide?: number) => Promise<Pixels>;
  /** The bags of many images, in order, as they are asked for. */
  of(images: AsyncIterable<NumberedImage>, request: PlacedRequest): AsyncIterable<Bag>;
  /** See `Embedder.denseStride`. */
  denseStride(): Promise<number>;
  /** Frees the model and stops the workers. */
  dispose(): Promise<void>;
}
