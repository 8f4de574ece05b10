import { colourProfile } from '../colour-profile.ts';
import { type Decoder, MOST_PIXELS } from '../decoder.ts';
import { iccProfile } from '../icc-profile.ts';
import { turn } from '../turn.ts';

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
    // A JPEG without its end was given one: what is missing is grey. libjpeg only warns of it.
    const failOn = header.type === 'jpeg' ? 'none' : 'error';
    let image = sharp(bytes, { limitInputPixels: MOST_PIXELS, failOn });
    // Inks are mixed here, as where there is no sharp, but for profiles that only lcms understands.
    const profile = header.inks ? await colourProfile(bytes, header.type) : undefined;
    const inks = header.inks && (!profile || iccProfile(profile) !== undefined);
    if (inks) image = image.pipelineColourspace('cmyk').toColourspace('cmyk');
    else image = image.toColourspace('srgb').ensureAlpha();
    // libjpeg decodes at 1/2, 1/4 or 1/8, and libvips does the rest. The header of an AVIF says nothing about how it is turned.
    const shrunk = factor > 1 && header.type !== 'avif';
    if (shrunk) {
      const [width, height] = [header.width, header.height].map((side) => Math.floor(side / factor));
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
      shrunk,
    } as const;
    return turn(inks ? decoded : { ...decoded, profile: undefined }, header.orientation);
  };
}
