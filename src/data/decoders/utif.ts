import { colourProfile } from '../colour-profile.ts';
import type { Decoded } from '../decoder.ts';
import type { ImageHeader } from '../image-header.ts';
import { PHOTOMETRIC, SIZES, type TiffTags, tiffTags } from '../tiff-tags.ts';
import { turn } from '../turn.ts';

/** What is used of utif2, which has no types. */
interface Utif {
  decode(bytes: ArrayBuffer): Directory[];
  decodeImage(bytes: ArrayBuffer, directory: Directory): void;
  toRGBA8(directory: Directory): Uint8Array;
  JpegDecoder: new () => {
    parse(bytes: Uint8Array): void;
    getData(wanted: { width: number; height: number; forceRGB: boolean }): Uint8Array;
  };
}

interface Directory {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

async function load(): Promise<Utif> {
  // utif2 throws and catches these without having them: where a JPEG ends early, which is filled with grey.
  for (const name of ['DNLMarkerError', 'EOIMarkerError']) Reflect.set(globalThis, name, class extends Error {});
  return (await import('utif2' as string)).default as Utif;
}

/** The tags that say how a TIFF's pixels lie; all others are hidden from the decoder, which trusts what they point to. */
const TAGS = [
  256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 292, 293, 317, 320, 322, 323, 324, 325, 338, 339, 347,
];

/** None, CCITT 2, 3 and 4, LZW, JPEG, deflate and PackBits; any other would come out black. */
const COMPRESSIONS = [1, 2, 3, 4, 5, 7, 8, 32946, 32773];

/** Bits of a sample, by photometric interpretation, that are read; of others utif2 makes an empty picture. */
const BITS: Record<number, readonly number[]> = {
  0: [1, 2, 4, 8, 16],
  1: [1, 2, 4, 8, 16],
  2: [8, 16, 32],
  3: [1, 2, 4, 8],
  5: [8, 16],
  6: [8],
};

function kindOf(tags: TiffTags) {
  const [bits = 1] = tags.numbers(258);
  const [samples = 1] = tags.numbers(277);
  const [compression = 1] = tags.numbers(259);
  const [photometric = bits === 1 ? 0 : 2] = tags.numbers(PHOTOMETRIC);
  return { bits, samples, compression, photometric };
}

/**
 * Refuses what decoders make other colours of, each its own, and report nothing.
 * @throws Error
 */
export function checkTiff(tags: TiffTags | undefined): void {
  if (!tags) return;
  const { bits, samples, compression, photometric } = kindOf(tags);
  const [format = 1] = tags.numbers(339);
  // In floating point, colours from 0 to 1 of linear light are agreed on; greys are not.
  const isOdd = bits === 32 ? format !== 3 : format === 2 || format === 3;
  const isMixed = photometric === 6 && compression !== 6 && compression !== 7;
  if (isOdd || isMixed || samples > 8 || !BITS[photometric]?.includes(bits))
    throw new Error(`samples of ${bits} bits, format ${format}, colours ${photometric}; save it as RGB of 8 bits`);
}

/** Decodes the first image of a TIFF. https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf */
export async function decodeTiff(bytes: Uint8Array, header: ImageHeader): Promise<Decoded> {
  const utif = await load();
  const tags = tiffTags(bytes);
  const plain = plainTiff(bytes);
  if (!tags || !plain) throw new Error('it is no TIFF 6');
  checkTiff(tags);
  const { bits, samples, compression, photometric } = kindOf(tags);
  if (!COMPRESSIONS.includes(compression)) throw new Error(`compression ${compression}`);
  if (samples > 1 && tags.numbers(284)[0] === 2) throw new Error('colours in planes');
  const { width, height } = header;
  const [across = 0, down = 0] = [...tags.numbers(322), ...tags.numbers(323)];
  if (across * down > 4 * Math.max(width * height, 65_536)) throw new Error(`tiles of ${across}×${down} pixels`);
  const [directory] = utif.decode(plain);
  quietly(() => utif.decodeImage(plain, directory));
  if (directory.width !== width || directory.height !== height || !directory.data) throw new Error('no image data');
  const profile = await colourProfile(bytes, 'tiff');
  const image = { width, height, layout: 'rgba', profile, inks: header.inks } as const;
  if (!header.inks) {
    const data = photometric < 2 ? greys(directory, tags) : utif.toRGBA8(directory);
    return turn({ ...image, data: straight(data, tags) }, header.orientation);
  }
  if (bits !== 8) throw new Error(`inks of ${bits} bits`);
  const data = new Uint8Array(width * height * 4);
  for (let i = 0; i < data.length; i++) data[i] = directory.data[(i >> 2) * samples + (i & 3)];
  return turn({ ...image, data }, header.orientation);
}

/** Decodes a JPEG of four inks, which the other decoders refuse. */
export async function decodeInkJpeg(bytes: Uint8Array, header: ImageHeader): Promise<Decoded> {
  const { JpegDecoder } = await load();
  const decoder = new JpegDecoder();
  decoder.parse(bytes);
  const { width, height } = header;
  const data = decoder.getData({ width, height, forceRGB: false });
  return turn(
    { data, width, height, layout: 'rgba', inks: true, profile: await colourProfile(bytes, 'jpeg') },
    header.orientation,
  );
}

/** Greys of 1 to 16 bits, with alpha or without: utif2 leaves out alpha, and knows not all numbers of bits. */
function greys({ width, height, data }: Directory, tags: TiffTags): Uint8Array {
  const { bits, samples, photometric } = kindOf(tags);
  const most = 2 ** Math.min(8, bits) - 1;
  const out = new Uint8Array(width * height * 4).fill(255);
  const levels = tags.numbers(338)[0] ? 2 : 1;
  for (let y = 0, to = 0, row = 0; y < height; y++, row += Math.ceil((samples * bits * width) / 8)) {
    for (let x = 0; x < width; x++, to += 4) {
      for (let k = 0; k < levels; k++) {
        const bit = (x * samples + k) * bits;
        const at = row + (bit >> 3);
        // utif2 gives 16 bits with the low byte first.
        const value = bits > 8 ? data[at + 1] : (((data[at] >> (8 - bits - (bit & 7))) & most) * 255) / most;
        if (k) out[to + 3] = value;
        else out.fill(photometric ? value : 255 - value, to, to + 3);
      }
    }
  }
  return out;
}

/** utif2 writes on the console how many tiles there are. */
function quietly(work: () => void): void {
  const { log } = console;
  console.log = () => undefined;
  try {
    work();
  } finally {
    console.log = log;
  }
}

/** Alpha that was multiplied in (ExtraSamples 1) is divided out. */
function straight(data: Uint8Array, tags: TiffTags): Uint8Array {
  if (tags.numbers(338)[0] !== 1) return data;
  for (let i = 0; i < data.length; i += 4) {
    const alpha = data[i + 3];
    if (alpha > 0 && alpha < 255)
      for (let c = i; c < i + 3; c++) data[c] = Math.min(255, Math.round((data[c] * 255) / alpha));
  }
  return data;
}

/** A copy with one directory of known tags, all inside the file; undefined for anything but TIFF 6. */
function plainTiff(bytes: Uint8Array): ArrayBuffer | undefined {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  const little = copy[0] === 0x49;
  const first = view.getUint32(4, little);
  if (view.getUint16(2, little) !== 42 || first + 2 > copy.length) return undefined;
  const count = view.getUint16(first, little);
  const next = first + 2 + 12 * count;
  if (next > copy.length) return undefined;
  if (next + 4 <= copy.length) view.setUint32(next, 0);
  for (let at = first + 2; at < next; at += 12) {
    const [tag, type, many] = [
      view.getUint16(at, little),
      view.getUint16(at + 2, little),
      view.getUint32(at + 4, little),
    ];
    const size = many * (SIZES[type] ?? Infinity);
    if (TAGS.includes(tag) && (size <= 4 || view.getUint32(at + 8, little) + size <= copy.length)) continue;
    // A private tag of one byte.
    view.setUint16(at, 65_000, little);
    view.setUint16(at + 2, 1, little);
    view.setUint32(at + 4, 1, little);
  }
  return copy.buffer as ArrayBuffer;
}
