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

const load = async () => (await import('utif2' as string)).default as Utif;

/** The tags that say how a TIFF's pixels lie; all others are hidden from the decoder, which trusts what they point to. */
const TAGS = [
  256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 292, 293, 317, 320, 322, 323, 324, 325, 338, 339, 347,
];

/** None, CCITT 2, 3 and 4, LZW, JPEG, deflate and PackBits; any other would come out black. */
const COMPRESSIONS = [1, 2, 3, 4, 5, 7, 8, 32946, 32773];

/** Decodes the first image of a TIFF. https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf */
export async function decodeTiff(bytes: Uint8Array, header: ImageHeader): Promise<Decoded> {
  const utif = await load();
  const tags = tiffTags(bytes);
  const plain = plainTiff(bytes);
  if (!tags || !plain) throw new Error('a directory of another kind than TIFF 6');
  const [bits = 1] = tags.numbers(258);
  const [samples = 1] = tags.numbers(277);
  const [compression = 1] = tags.numbers(259);
  if (bits > 32 || samples > 8) throw new Error(`${samples} samples of ${bits} bits`);
  if (!COMPRESSIONS.includes(compression)) throw new Error(`compression ${compression}`);
  if (tags.numbers(PHOTOMETRIC)[0] === 8) throw new Error('its colours are in CIELab');
  if (samples > 1 && tags.numbers(284)[0] === 2) throw new Error('its colours lie in planes');
  const { width, height } = header;
  const [across = 0, down = 0] = [...tags.numbers(322), ...tags.numbers(323)];
  if (across * down > 4 * Math.max(width * height, 65_536)) throw new Error(`tiles of ${across}×${down} pixels`);
  const [directory] = utif.decode(plain);
  quietly(() => utif.decodeImage(plain, directory));
  if (directory.width !== width || directory.height !== height || !directory.data) throw new Error('no image data');
  const profile = await colourProfile(bytes, 'tiff');
  const image = { width, height, layout: 'rgba', profile, inks: header.inks } as const;
  if (!header.inks) return turn({ ...image, data: straight(utif.toRGBA8(directory), tags) }, header.orientation);
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
