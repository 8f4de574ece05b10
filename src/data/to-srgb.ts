import type { Pixels } from '../base/pixels.ts';
import { D50, type IccProfile, iccProfile } from './icc-profile.ts';

/** XYZ under D50 to linear sRGB: the inverse of the matrix of ICC's own sRGB profile. */
const FROM_XYZ = [
  3.1341359, -1.6173863, -0.4906619, -0.9787955, 1.9162543, 0.0334427, 0.0719554, -0.2289769, 1.4053851,
];

/** sRGB's curve (IEC 61966-2-1) in steps so fine that a level of 8 bits is never missed. */
const STEPS = 16384;
let encoded: Uint8Array | undefined;

/**
 * An image in the colours of its profile, as sRGB.
 * @param image layout `rgba`
 * @returns undefined if the profile is of a kind that is not understood
 */
export function toSrgb(image: Pixels, profile: Uint8Array): Pixels | undefined {
  const read = iccProfile(profile);
  if (!read || read.channels > 3) return undefined;
  const { channels } = read;
  return converted(image, read, (data, at, values) => {
    for (let c = 0; c < channels; c++) values[c] = data[at + c] / 255;
  });
}

/**
 * CMYK as sRGB, by its profile, or where there is none by what light the inks leave, as browsers do.
 * @param inks 4 bytes a pixel, 255 is all of an ink
 */
export function inksToSrgb(inks: Uint8Array, width: number, height: number, profile?: Uint8Array): Pixels {
  const image: Pixels = { data: inks, width, height, layout: 'rgba' };
  const read = profile && iccProfile(profile);
  if (read?.channels === 4) {
    return converted(image, withBlack(read), (data, at, values) => {
      for (let c = 0; c < 4; c++) values[c] = data[at + c] / 255;
    });
  }
  const data = new Uint8Array(inks.length);
  for (let i = 0; i < inks.length; i += 4) {
    const light = 255 - inks[i + 3];
    for (let c = 0; c < 3; c++) data[i + c] = Math.round(((255 - inks[i + c]) * light) / 255);
    data[i + 3] = 255;
  }
  return { ...image, data };
}

/**
 * A profile whose darkest colour is black: the black point is moved, linearly in XYZ, as lcms does for this intent ("Adobe Systems'
 * Implementation of Black Point Compensation", 2006). All inks together are the darkest; its hue does not count.
 */
function withBlack({ channels, toXyz }: IccProfile): IccProfile {
  const [, black] = toXyz([1, 1, 1, 1]);
  return {
    channels,
    toXyz: (values) => toXyz(values).map((v, k) => (v - black * D50[k]) / (1 - black)) as [number, number, number],
  };
}

type Read = (data: Pixels['data'], at: number, values: Float64Array) => void;

function converted(image: Pixels, profile: IccProfile, read: Read): Pixels {
  const from = image.data;
  encoded ??= Uint8Array.from({ length: STEPS + 1 }, (_, k) => encode(k / STEPS));
  const levels = encoded;
  const data = new Uint8Array(from.length);
  const values = new Float64Array(4);
  // Neighbours are often of one colour.
  let last = -1;
  const words = new DataView(from.buffer, from.byteOffset, from.byteLength);
  for (let i = 0; i < from.length; i += 4) {
    const word = words.getUint32(i);
    if (word === last) data.copyWithin(i, i - 4, i - 1);
    else {
      read(from, i, values);
      const [x, y, z] = profile.toXyz(values);
      for (let c = 0; c < 3; c++) {
        const light = FROM_XYZ[3 * c] * x + FROM_XYZ[3 * c + 1] * y + FROM_XYZ[3 * c + 2] * z;
        data[i + c] = levels[Math.round(Math.min(1, Math.max(0, light)) * STEPS)];
      }
      last = word;
    }
    data[i + 3] = profile.channels === 4 ? 255 : from[i + 3];
  }
  return { ...image, data };
}

const encode = (light: number) =>
  Math.round(255 * (light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055));
