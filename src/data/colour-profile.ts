import { heifProperties } from './image-header.ts';
import type { ImageType } from './image-type.ts';
import { isText, jpegSegments, pngChunks, riffChunks } from './segments.ts';
import { PROFILE, tiffTags } from './tiff-tags.ts';

/** The ICC profile inside an image file, as it is there; undefined if it has none, or only parts of one. */
export async function colourProfile(bytes: Uint8Array, type: ImageType): Promise<Uint8Array | undefined> {
  if (type === 'jpeg') return jpegProfile(bytes);
  if (type === 'png') {
    for (const { name, at, end } of pngChunks(bytes)) {
      // A name, a zero, the method (0), and the compressed profile.
      if (name === 'iCCP') return inflate(bytes.subarray(bytes.indexOf(0, at) + 2, end));
      if (name === 'IDAT') return undefined;
    }
  }
  if (type === 'webp') {
    for (const { name, at, end } of riffChunks(bytes)) if (name === 'ICCP') return bytes.subarray(at, end);
  }
  if (type === 'tiff') {
    const place = tiffTags(bytes)?.bytes(PROFILE);
    return place && bytes.subarray(place.at, place.end);
  }
  if (type === 'heic' || type === 'avif') {
    for (const { at, end } of heifProperties(bytes, 'colr')) {
      if (isText(bytes, at, 'prof') || isText(bytes, at, 'rICC')) return bytes.subarray(at + 4, end);
    }
  }
  return undefined;
}

/** The parts of a profile in a JPEG's APP2 segments, in the order of their numbers. */
function jpegProfile(bytes: Uint8Array): Uint8Array | undefined {
  const parts: Uint8Array[] = [];
  let count = 0;
  for (const { name, at, end } of jpegSegments(bytes)) {
    if (name !== 'e2' || !isText(bytes, at, 'ICC_PROFILE\0') || end < at + 14) continue;
    count = bytes[at + 13];
    parts[bytes[at + 12] - 1] = bytes.subarray(at + 14, end);
  }
  if (count === 0 || parts.length !== count || Array.from(parts).includes(undefined as never)) return undefined;
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let to = 0;
  for (const part of parts) {
    all.set(part, to);
    to += part.length;
  }
  return all;
}

async function inflate(bytes: Uint8Array): Promise<Uint8Array | undefined> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream('deflate'));
  try {
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    return undefined;
  }
}
