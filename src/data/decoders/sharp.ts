import { colourProfile } from '../colour-profile.ts';
import { type Decoder, MOST_PIXELS } from '../decoder.ts';
import { iccProfile } from '../icc-profile.ts';
import { turn } from '../turn.ts';

/**
 * What sharp is asked to shrink a JPEG by, so that libjpeg decodes at 1/2, 1/4 or 1/8 and libvips does the rest: it keeps a part of the
 * shrinking for itself.
 */
const STEPS = [9, 5, 3];
/** At least this much is left for `shrink`, so that vectors stay as they are (docs/formats.md has figures). */
const LEFT = 1.2;

/** Decodes with sharp (libvips: native, on its own threads), which knows neither BMP nor HEIC; undefined if it does not load. */
export async function sharpDecoder(): Promise<Decoder | undefined> {
  // Not a literal, so that bundlers for browsers do not look for the package.
  const name = 'sharp';
  let sharp: typeof import('sharp').default;
  try {
    sharp = (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)).default;
  } catch {
    return undefined;
  }
  return async (bytes, header, { factor }) => {
    const scale = header.type === 'jpeg' ? (STEPS.find((step) => factor >= LEFT * step) ?? 1) : 1;
    // A JPEG without its end was given one: what is missing is grey. libjpeg only warns of it.
    const failOn = header.type === 'jpeg' ? 'none' : 'error';
    let image = sharp(bytes, { limitInputPixels: MOST_PIXELS, failOn });
    // Inks are mixed here, as where there is no sharp, but for profiles that only lcms understands.
    const profile = header.inks ? await colourProfile(bytes, header.type) : undefined;
    const inks = header.inks && (!profile || iccProfile(profile) !== undefined);
    if (inks) image = image.pipelineColourspace('cmyk').toColourspace('cmyk');
    else image = image.toColourspace('srgb').ensureAlpha();
    if (scale > 1) {
      const [width, height] = [header.width, header.height].map((side) => Math.floor(side / scale));
      image = image.resize({ width, height, fit: 'fill', kernel: 'cubic' });
    }
    const { data, info } = await image.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
    if (info.channels !== 4) throw new Error(`${info.channels} channels instead of 4`);
    const { buffer, byteOffset, length } = data;
    const { width, height } = info;
    const decoded = {
      data: new Uint8Array(buffer, byteOffset, length),
      width,
      height,
      layout: 'rgba',
      inks,
      profile,
    } as const;
    return turn(inks ? decoded : { ...decoded, profile: undefined }, header.orientation);
  };
}
