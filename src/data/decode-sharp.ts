import { type Decoder, MOST_PIXELS } from './decoder.ts';

/** A decoder on sharp (libvips, native, on its own threads), or undefined where sharp is not installed or not loadable. */
export async function sharpDecoder(): Promise<Decoder | undefined> {
  // Not a literal, so that bundlers for browsers do not look for it.
  const name = 'sharp';
  let sharp: typeof import('sharp').default;
  try {
    sharp = (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)).default;
  } catch {
    return undefined;
  }
  return async (bytes) => {
    const { data, info } = await sharp(bytes, { limitInputPixels: MOST_PIXELS, failOn: 'error' })
      .rotate()
      .toColourspace('srgb')
      .ensureAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 4) throw new Error(`${info.channels} channels where 4 were asked for`);
    const { buffer, byteOffset, length } = data;
    return { data: new Uint8Array(buffer, byteOffset, length), width: info.width, height: info.height, layout: 'rgba' };
  };
}
