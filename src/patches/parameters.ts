/** One of ColorJitter's four changes. */
export type ColourChange = 'brightness' | 'contrast' | 'saturation' | 'hue';

/**
 * Everything that was decided for one patch, as a value of plain JSON: it can be printed, drawn on the image and replayed
 * (a job's source of kind `given`). The box is in whole image pixels. Factors of 1 (hue: 0) change nothing.
 */
export interface PatchParameters {
  /** Left edge of the crop, px from the image's left. */
  readonly x: number;
  /** Top edge of the crop, px from the image's top. */
  readonly y: number;
  /** Of the crop, px. */
  readonly width: number;
  /** Of the crop, px. */
  readonly height: number;
  /** How the box becomes the patch; absent: bilinear. */
  readonly interpolation?: 'bicubic';
  /** Mirrored, left for right. */
  readonly flip: boolean;
  /** Factor, 0 or more; 1: none. */
  readonly brightness: number;
  /** Factor, 0 or more; 1: none. */
  readonly contrast: number;
  /** Factor, 0 or more; 1: none. */
  readonly saturation: number;
  /** Turns, -0.5 to 0.5. */
  readonly hue: number;
  /** The order in which the colour changes are applied. */
  readonly order: readonly ColourChange[];
  /** Without colour. */
  readonly greyscale: boolean;
  /** Gaussian of `sigma` pixels, cut off at `kernel` × `kernel`; absent: none. */
  readonly blur?: { readonly kernel: number; readonly sigma: number };
  /** The threshold from which values are inverted, 0 to 1; absent: none. */
  readonly solarise?: number;
}

const USUAL_ORDER: readonly ColourChange[] = ['brightness', 'contrast', 'saturation', 'hue'];

/** All 24 orders of the four changes, the usual one first. */
export const ORDERS: readonly (readonly ColourChange[])[] = permutations(USUAL_ORDER);

function permutations(items: readonly ColourChange[]): ColourChange[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((first) => permutations(items.filter((i) => i !== first)).map((rest) => [first, ...rest]));
}

/** A patch that is cut and nothing else. */
export function plainPatch(x: number, y: number, width: number, height: number): PatchParameters {
  return {
    x,
    y,
    width,
    height,
    flip: false,
    brightness: 1,
    contrast: 1,
    saturation: 1,
    hue: 0,
    order: USUAL_ORDER,
    greyscale: false,
  };
}
