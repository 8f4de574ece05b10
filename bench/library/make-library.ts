import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';

/** What a generated library holds. */
export interface Library {
  /** Files that are photographs, damaged ones included. */
  readonly photos: number;
  /** Those of them that no decoder reads. */
  readonly unreadable: number;
}

const [WIDTH, HEIGHT] = [1600, 1200];
/** Distinct encodings; every file differs from all others by a comment. */
const [BASES, QUALITIES] = [80, [78, 84, 90]];
/** Noise of these widths, in pixels of a quarter of the size, with how much of it a picture has. */
const OCTAVES = [
  [6, 0.9],
  [24, 0.5],
  [100, 0.3],
  [400, 0.15],
] as const;
/** Of the grain, in levels: files are then about 450 kB. */
const GRAIN = 6;

/**
 * Writes a library as people have it: folders by year and month, sidecars and videos among the photographs, 2 % copies and 1 % HEIC
 * (if there is one to vary), 1 % damaged.
 */
export async function makeLibrary(folder: string, count: number, heic?: string): Promise<Library> {
  const encoded: Buffer[] = [];
  const grain = Int8Array.from({ length: 1_000_003 }, () => GRAIN * (Math.random() + Math.random() - 1));
  await inParallel(BASES, async (k) => {
    const pixels = await picture(k, grain);
    for (const [q, quality] of QUALITIES.entries()) {
      const image = sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });
      encoded[k * QUALITIES.length + q] = await image.jpeg({ quality }).toBuffer();
    }
  });
  const live = heic === undefined ? undefined : await readFile(heic);
  let unreadable = 0;
  const nameOf = (n: number) => {
    const month = Math.floor((n * 240) / count);
    const folders = [2005 + Math.floor(month / 12), String((month % 12) + 1).padStart(2, '0')];
    return join(folder, ...folders.map(String), `IMG_${String(n).padStart(5, '0')}`);
  };
  await inParallel(count, async (n) => {
    const name = nameOf(n);
    await mkdir(dirname(name), { recursive: true });
    const kind = n % 100;
    if (kind === 97 || kind === 98) return;
    if (kind === 1 && live) return writeFile(`${name}.HEIC`, withBox(live, n));
    const bytes = withComment(encoded[n % encoded.length], n);
    if (kind !== 99) await writeFile(`${name}.JPG`, bytes);
    else {
      const damage = Math.floor(n / 100) % 4;
      if (damage > 1) unreadable++;
      await writeFile(`${name}.JPG`, damaged(bytes, damage));
    }
    if (kind < 4) await writeFile(`${name}.AAE`, '<?xml version="1.0"?><plist version="1.0"/>');
    if (kind === 4) await writeFile(`${name}.MOV`, '\0\0\0\x14ftypqt  \0\0\0\0qt  ');
    if (kind === 5) await writeFile(join(dirname(name), 'Thumbs.db'), 'not a picture');
  });
  await mkdir(join(folder, 'Copies'), { recursive: true });
  // Of the photographs before the two.
  const copies = Array.from({ length: count }, (_, n) => n).filter((n) => n % 100 === 97 || n % 100 === 98);
  await inParallel(copies.length, (k) =>
    copyFile(`${nameOf(copies[k] - 10)}.JPG`, join(folder, 'Copies', `IMG_${copies[k]} (copy).jpg`)),
  );
  return { photos: count, unreadable };
}

/** Cut short, a part in zeros; nothing but a header, noise behind it. */
function damaged(bytes: Buffer, kind: number): Buffer {
  const half = bytes.length >> 1;
  if (kind === 0) return bytes.subarray(0, half);
  if (kind === 1) return Buffer.from(bytes).fill(0, half, half + 20_000);
  if (kind === 2) return bytes.subarray(0, 300);
  return Buffer.concat([bytes.subarray(0, 20), Buffer.from(Array.from({ length: 9000 }, (_, i) => (i * 7919) % 251))]);
}

/** A COM segment after a JPEG's first marker, of another length in most files, so that their sizes differ as cameras' do. */
function withComment(jpeg: Buffer, n: number): Buffer {
  const comment = Buffer.from(String(n).padEnd(8 + ((n * 7919) % 4001)), 'latin1');
  const head = Buffer.from([0xff, 0xfe, (comment.length + 2) >> 8, (comment.length + 2) & 255]);
  return Buffer.concat([jpeg.subarray(0, 2), head, comment, jpeg.subarray(2)]);
}

/** A `free` box at the end of a HEIF file. */
const withBox = (heif: Buffer, n: number) =>
  Buffer.concat([heif, Buffer.from(`\0\0\0\x10free${String(n).padStart(8, '0')}`, 'latin1')]);

/** Clouds of several sizes and colours, and the grain of a sensor. */
async function picture(seed: number, grain: Int8Array): Promise<Uint8Array> {
  let state = seed + 1;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const [width, height] = [WIDTH / 4, HEIGHT / 4];
  const sum = new Float32Array(3 * width * height).fill(128);
  for (const [columns, share] of OCTAVES) {
    const rows = Math.round((columns * height) / width);
    const noise = Uint8Array.from({ length: 3 * columns * rows }, () => 256 * random());
    const clouds = sharp(noise, { raw: { width: columns, height: rows, channels: 3 } });
    const large = await clouds.resize(width, height, { kernel: 'cubic', fit: 'fill' }).raw().toBuffer();
    for (let i = 0; i < sum.length; i++) sum[i] += share * (large[i] - 128);
  }
  const small = sharp(new Uint8Array(new Uint8ClampedArray(sum).buffer), { raw: { width, height, channels: 3 } });
  const data = await small.resize(WIDTH, HEIGHT, { kernel: 'cubic', fit: 'fill' }).raw().toBuffer();
  const from = Math.floor(random() * 4096);
  for (let i = 0; i < data.length; i++)
    data[i] = Math.min(255, Math.max(0, data[i] + grain[(i + from) % grain.length]));
  return data;
}

async function inParallel(count: number, work: (k: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: cpus().length + 2 }, worker));
}
