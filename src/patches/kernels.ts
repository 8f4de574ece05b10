import bytes from '../../build/kernels.wasm';
import { BagsslError } from '../errors.ts';
import { checkPixels } from './check-pixels.ts';
import type { PatchParameters } from './parameters.ts';
import type { Pixels } from './pixels.ts';
import type { Triple } from './recipe.ts';
import { bilinearTaps, mirroredTaps, scaledTaps, type Taps } from './weights.ts';

/** The kernels' exports; addresses are bytes, sizes pixels. See assembly/. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  heapBase(): number;
  copyRgba(source: number, stride: number, x: number, y: number, size: number, flip: number, tile: number): void;
  // biome-ignore format: one kernel, one line
  copyPlanar(source: number, stride: number, rows: number, x: number, y: number, size: number, flip: number, tile: number): void;
  // biome-ignore format: one kernel, one line
  rowsRgba(source: number, stride: number, x: number, y: number, width: number, height: number, size: number, table: number, taps: number, row: number, rows: number): void;
  // biome-ignore format: one kernel, one line
  rowsPlanar(source: number, stride: number, sourceRows: number, x: number, y: number, width: number, height: number, size: number, table: number, taps: number, row: number, rows: number): void;
  columns(rows: number, height: number, size: number, table: number, taps: number, tile: number): void;
  brightness(tile: number, size: number, factor: number): void;
  contrast(tile: number, size: number, factor: number): void;
  saturation(tile: number, size: number, factor: number): void;
  hue(tile: number, size: number, turn: number): void;
  greyscale(tile: number, size: number): void;
  // biome-ignore format: one kernel, one line
  normalise(tile: number, size: number, meanR: number, meanG: number, meanB: number, stdR: number, stdG: number, stdB: number, out: number): void;
}

/** Where things lie in the kernels' memory, for one image size, crop size and patch size. */
interface Layout {
  readonly key: string;
  readonly tile: number;
  readonly out: number;
  readonly source: number;
  readonly across: number;
  readonly mirrored: number;
  readonly down: number;
  readonly taps: readonly [number, number];
  readonly row: number;
  readonly rows: number;
}

const PAGE = 65536;
/** Vector loads and stores may run a few pixels past the end of a region. */
const SLACK = 64;

/** How patches are stored in the output: patch i of a call goes to slot `first + i * step`. */
export interface Slots {
  readonly first: number;
  readonly step: number;
}

/** The pixel kernels and their memory. Not shared between threads; everything it does is synchronous. */
export class Kernels {
  readonly #wasm: Exports;
  #layout: Layout | undefined;
  /** Bytes of the largest image so far. The source lies before what varies from crop to crop, so it stays put. */
  #capacity = 0;
  #taps = new Map<string, readonly [across: Taps, mirrored: Taps, down: Taps]>();

  private constructor(wasm: Exports) {
    this.#wasm = wasm;
  }

  /** Compiles the kernels that are part of the package. */
  static async load(): Promise<Kernels> {
    const { instance } = await WebAssembly.instantiate(bytes, {});
    return new Kernels(instance.exports as unknown as Exports);
  }

  /**
   * Cuts patches out of one image: crop, resample, flip, colour, normalise.
   * @param size side of a patch, pixels
   * @param out float32 NCHW; receives patch i at slot `first + i * step`, each 3 · size² floats
   * @throws BagsslError `bad-argument` when the image, a box or the output does not fit
   */
  cut(
    pixels: Pixels,
    patches: readonly PatchParameters[],
    size: number,
    mean: Triple,
    std: Triple,
    out: Float32Array,
    { first, step }: Slots = { first: 0, step: 1 },
  ): void {
    checkPixels(pixels);
    if (!Number.isInteger(size) || size < 1 || size > 1024) {
      throw new BagsslError('bad-argument', `size is ${size}; it must be a whole number from 1 to 1024.`);
    }
    const floats = 3 * size * size;
    if ((first + (patches.length - 1) * step + 1) * floats > out.length) {
      throw new BagsslError(
        'bad-argument',
        `The output holds ${out.length} floats, too few for ${patches.length} patches.`,
      );
    }
    let slot = first;
    let uploaded: Layout | undefined;
    for (const patch of patches) {
      checkPatch(patch, pixels);
      const layout = this.#layoutFor(pixels, patch, size);
      const memory = this.#wasm.memory.buffer;
      if (uploaded?.source !== layout.source) new Uint8Array(memory, layout.source).set(pixels.data);
      uploaded = layout;
      this.#crop(layout, pixels, patch, size);
      this.#colour(layout.tile, patch, size);
      this.#wasm.normalise(layout.tile, size, ...mean, ...std, layout.out);
      out.set(new Float32Array(memory, layout.out, floats), slot * floats);
      slot += step;
    }
  }

  #crop(
    layout: Layout,
    { width: stride, height: sourceRows, layout: order }: Pixels,
    p: PatchParameters,
    size: number,
  ) {
    const { source, tile, row, rows, taps } = layout;
    const wasm = this.#wasm;
    const flip = p.flip ? 1 : 0;
    if (p.width === size && p.height === size) {
      if (order === 'rgba') wasm.copyRgba(source, stride, p.x, p.y, size, flip, tile);
      else wasm.copyPlanar(source, stride, sourceRows, p.x, p.y, size, flip, tile);
      return;
    }
    const table = p.flip ? layout.mirrored : layout.across;
    if (order === 'rgba') {
      wasm.rowsRgba(source, stride, p.x, p.y, p.width, p.height, size, table, taps[0], row, rows);
    } else {
      wasm.rowsPlanar(source, stride, sourceRows, p.x, p.y, p.width, p.height, size, table, taps[0], row, rows);
    }
    wasm.columns(rows, p.height, size, layout.down, taps[1], tile);
  }

  #colour(tile: number, p: PatchParameters, size: number) {
    const wasm = this.#wasm;
    for (const change of p.order) {
      if (change === 'brightness' && p.brightness !== 1) wasm.brightness(tile, size, p.brightness);
      else if (change === 'contrast' && p.contrast !== 1) wasm.contrast(tile, size, p.contrast);
      else if (change === 'saturation' && p.saturation !== 1) wasm.saturation(tile, size, p.saturation);
      else if (change === 'hue' && p.hue !== 0) wasm.hue(tile, size, p.hue);
    }
    if (p.greyscale) wasm.greyscale(tile, size);
  }

  /** Lays out the memory, grows it, and writes the resampling tables; nothing is done when all is as it was. */
  #layoutFor({ data }: Pixels, { width, height }: PatchParameters, size: number): Layout {
    this.#capacity = Math.max(this.#capacity, data.length);
    const key = `${width} ${height} ${size} ${this.#capacity}`;
    if (this.#layout?.key === key) return this.#layout;
    const [across, mirrored, down] = this.#tapsFor(width, height, size);
    let end = this.#wasm.heapBase();
    const reserve = (length: number) => {
      const at = end;
      end = (end + length + SLACK + 15) & ~15;
      return at;
    };
    const padded = (size + 3) & ~3;
    const tile = reserve(3 * ((size * size + 3) & ~3) * 4);
    const layout: Layout = {
      key,
      tile,
      out: reserve(3 * size * size * 4),
      source: reserve(this.#capacity),
      across: reserve(tableBytes(across)),
      mirrored: reserve(tableBytes(mirrored)),
      down: reserve(tableBytes(down)),
      taps: [across.taps, down.taps],
      row: reserve((width + 3) * 16),
      rows: reserve(3 * height * padded * 4),
    };
    const { memory } = this.#wasm;
    if (end > memory.buffer.byteLength) memory.grow(Math.ceil((end - memory.buffer.byteLength) / PAGE));
    writeTable(memory.buffer, layout.across, across);
    writeTable(memory.buffer, layout.mirrored, mirrored);
    writeTable(memory.buffer, layout.down, down);
    this.#layout = layout;
    return layout;
  }

  #tapsFor(width: number, height: number, size: number) {
    const key = `${width} ${height} ${size}`;
    const known = this.#taps.get(key);
    if (known) return known;
    // A recipe of one scale needs one entry an image size; random scales may need hundreds.
    if (this.#taps.size >= 256) this.#taps.clear();
    const across = bilinearTaps(width, size);
    const made = [across, mirroredTaps(across, size), scaledTaps(bilinearTaps(height, size), 1 / 255)] as const;
    this.#taps.set(key, made);
    return made;
  }
}

function tableBytes({ starts, weights }: Taps): number {
  return starts.byteLength + weights.byteLength;
}

function writeTable(memory: ArrayBuffer, at: number, { starts, weights }: Taps): void {
  new Int32Array(memory, at, starts.length).set(starts);
  new Float32Array(memory, at + starts.byteLength, weights.length).set(weights);
}

/** No box reaches a kernel that does not lie inside the image. */
function checkPatch(p: PatchParameters, image: Pixels): void {
  const inside = (at: number, length: number, room: number) =>
    Number.isInteger(at) && Number.isInteger(length) && at >= 0 && length >= 1 && at + length <= room;
  if (!inside(p.x, p.width, image.width) || !inside(p.y, p.height, image.height)) {
    throw new BagsslError(
      'bad-argument',
      `Patch ${p.width}×${p.height} at (${p.x}, ${p.y}) does not lie on whole pixels inside the ${image.width}×${image.height} image.`,
    );
  }
}
