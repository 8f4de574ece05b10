import bytes from '../../build/kernels.wasm';
import { BagsslError } from '../base/errors.ts';
import { BYTES, type Pixels } from '../base/pixels.ts';
import type { Tile } from './augmentations/built-in.ts';
import { changeTile } from './augmentations/index.ts';
import { type Augmentation, callOwn } from './augmentations/own.ts';
import { checkBox } from './crop.ts';
import { type KernelExports, KernelMemory } from './kernel-memory.ts';
import type { PatchParameters } from './parameters.ts';
import type { Triple } from './recipe.ts';
import { type Table, TapsCache } from './weights.ts';

/** How patches are stored in the output: patch i of a call goes to slot `first + i * step`. */
export interface Slots {
  readonly first: number;
  readonly step: number;
}

/** The part of an image that is in the kernels' memory: `stride` × `rows` pixels, from image pixel (x, y) on. */
interface Window {
  readonly x: number;
  readonly y: number;
  readonly stride: number;
  readonly rows: number;
}

/** Images of at most this many bytes are copied whole, larger ones only if their crops cover as much as the image. */
const SMALL = 65_536;

let compiled: Promise<WebAssembly.Module> | undefined;

/** The pixel kernels and their memory. Not shared between threads; everything it does is synchronous. */
export class Kernels {
  readonly #wasm: KernelExports;
  /** Not `#`, so that a test can put guards around its regions. */
  private readonly memory: KernelMemory;
  readonly #cache = new TapsCache();
  /** The tables that are in the kernels' memory. */
  #across: Table | undefined;
  #down: Table | undefined;
  readonly #tile: Tile;
  /** Side of the patch in work. */
  #size = 1;

  private constructor(wasm: KernelExports) {
    this.#wasm = wasm;
    this.memory = new KernelMemory(wasm);
    const { memory: _, heapBase: __, ...kernels } = wasm;
    const runs = Object.entries(kernels).map(
      ([name, kernel]) => [name, (amount: number | Float32Array) => this.#runKernel(name, kernel, amount)] as const,
    );
    this.#tile = {
      kernels: Object.fromEntries(runs),
      run: (change, amount) => this.#onTile((tile) => change(tile, amount)),
    };
  }

  /** Starts the kernels that are part of the package. */
  static async load(): Promise<Kernels> {
    compiled ??= WebAssembly.compile(bytes);
    const { exports } = await WebAssembly.instantiate(await compiled, {});
    return new Kernels(exports as unknown as KernelExports);
  }

  /**
   * Cuts patches out of one image: crop, resample, flip, augment, normalise.
   * @param size side of a patch, pixels
   * @param out float32 NCHW; receives patch i at slot `first + i * step`, each 3 · size² floats
   * @throws BagsslError `bad-argument` when the image's bytes, a patch or the output do not fit; `checkJob` says more, earlier
   */
  cut(
    pixels: Pixels,
    patches: readonly PatchParameters[],
    size: number,
    mean: Triple,
    std: Triple,
    out: Float32Array,
    { first, step }: Slots = { first: 0, step: 1 },
    own: readonly Augmentation[] = [],
  ): void {
    const { data, width, height, layout } = pixels;
    if (data.length !== width * height * BYTES[layout]) {
      throw new BagsslError('bad-argument', `An image of ${width}×${height} has ${data.length} bytes; was it changed?`);
    }
    const floats = 3 * size * size;
    if ((first + (patches.length - 1) * step + 1) * floats > out.length) {
      throw new BagsslError(
        'bad-argument',
        `The output holds ${out.length} floats, too few for ${patches.length} patches.`,
      );
    }
    let area = 0;
    for (const patch of patches) {
      checkBox(patch, pixels);
      area += patch.width * patch.height;
    }
    const whole = data.length <= SMALL || area >= width * height;
    const all: Window | undefined = whole ? { x: 0, y: 0, stride: width, rows: height } : undefined;
    this.#size = size;
    this.#reserve(pixels, patches, size, all);
    if (all) this.#upload(pixels, all);
    const wasm = this.#wasm;
    const { at } = this.memory;
    // Nothing moves from here on.
    const finished = this.memory.f32.subarray(at.out >> 2, (at.out >> 2) + floats);
    let slot = first;
    for (const patch of patches) {
      const window = all ?? { x: patch.x, y: patch.y, stride: patch.width, rows: patch.height };
      if (!all) this.#upload(pixels, window);
      this.#crop(pixels, window, patch, size);
      changeTile(this.#tile, patch);
      for (const one of own) {
        const drawn = patch.own?.[one.name];
        if (drawn !== undefined) this.#onTile((tile) => callOwn(one, () => one.change(tile, drawn, size)));
      }
      wasm.normalise(at.tile, size, mean[0], mean[1], mean[2], std[0], std[1], std[2], at.out);
      out.set(finished, slot * floats);
      slot += step;
    }
  }

  /** Room for the largest of the patches, so that nothing moves between them. */
  #reserve(pixels: Pixels, patches: readonly PatchParameters[], size: number, all: Window | undefined): void {
    const padded = (size + 3) & ~3;
    const plane = (size * size + 3) & ~3;
    let width = 1;
    let height = 1;
    let area = all ? all.stride * all.rows : 1;
    for (const p of patches) {
      width = Math.max(width, p.width);
      height = Math.max(height, p.height);
      if (!all) area = Math.max(area, p.width * p.height);
    }
    // At most 4 · scale + 1 taps (bicubic), and never more than there are pixels.
    const table = (length: number) => padded * 4 * (1 + Math.min(length, Math.ceil((4 * length) / size) + 5));
    const moved = this.memory.reserve({
      tile: 3 * plane * 4,
      out: 3 * plane * 4,
      across: table(width),
      down: table(height),
      row: (width + 3) * 16,
      rows: 3 * Math.max(height, size) * padded * 4,
      // A list of numbers, then one line with both edges mirrored.
      list: size * 4 + 3 * padded * 4,
      source: area * BYTES[pixels.layout],
    });
    if (moved) this.#across = this.#down = undefined;
  }

  /** Copies a window of an image to the source region, rows without gaps. */
  #upload({ data, width, height, layout }: Pixels, { x, y, stride, rows }: Window): void {
    const { u8, at } = this.memory;
    if (stride === width && rows === height) {
      u8.set(data, at.source);
      return;
    }
    const planes = layout === 'planar' ? 3 : 1;
    const pixel = BYTES[layout] / planes;
    let to = at.source;
    for (let plane = 0; plane < planes; plane++) {
      for (let row = 0; row < rows; row++) {
        const from = ((plane * height + y + row) * width + x) * pixel;
        u8.set(data.subarray(from, from + stride * pixel), to);
        to += stride * pixel;
      }
    }
  }

  #crop({ layout }: Pixels, { x: left, y: top, stride, rows }: Window, p: PatchParameters, size: number): void {
    const wasm = this.#wasm;
    const { at } = this.memory;
    const x = p.x - left;
    const y = p.y - top;
    const interleaved = layout === 'rgba' || layout === 'rgb';
    // Bytes from pixel to pixel, or from plane to plane.
    const pitch = interleaved ? BYTES[layout] : layout === 'grey' ? 0 : stride * rows;
    if (p.width === size && p.height === size) {
      const copy = interleaved ? wasm.copyInterleaved : wasm.copyPlanar;
      copy(at.source, stride, pitch, x, y, size, p.flip ? 1 : 0, at.tile);
      return;
    }
    const interpolation = p.interpolation ?? 'bilinear';
    const across = this.#cache.table(p.width, size, interpolation, p.flip ? 'mirrored' : 'across');
    const down = this.#cache.table(p.height, size, interpolation, 'down');
    const { u8 } = this.memory;
    if (this.#across !== across) u8.set(across.bytes, at.across);
    if (this.#down !== down) u8.set(down.bytes, at.down);
    this.#across = across;
    this.#down = down;
    const filter = interleaved ? wasm.rowsInterleaved : wasm.rowsPlanar;
    filter(at.source, stride, pitch, x, y, p.width, p.height, size, at.across, across.taps, at.row, at.rows);
    wasm.columns(at.rows, p.height, size, at.down, down.taps, at.tile);
    // Bicubic weights may be negative: what leaves 0..1 is limited.
    if (interpolation === 'bicubic') wasm.brightness(at.tile, size, 1);
  }

  /** Runs a kernel on the tile; `amount` is a number or a list of at most `size` numbers. */
  #runKernel(name: string, kernel: KernelExports[string], amount: number | Float32Array): void {
    const { at } = this.memory;
    const size = this.#size;
    if (typeof amount === 'number') {
      kernel(at.tile, size, amount);
      return;
    }
    if (amount.length > size) {
      throw new BagsslError('bad-argument', `${name}: ${amount.length} numbers reach beyond ${size} pixels.`);
    }
    this.memory.f32.set(amount, at.list >> 2);
    kernel(at.tile, size, at.list, amount.length - 1, at.list + size * 4, at.rows);
  }

  /** Runs a function on a copy of the tile without the gaps between planes. */
  #onTile(change: (tile: Float32Array) => void): void {
    const { f32, at } = this.memory;
    const plane = this.#size ** 2;
    const copy = new Float32Array(3 * plane);
    const place = (channel: number) => (at.tile >> 2) + channel * ((plane + 3) & ~3);
    for (let c = 0; c < 3; c++) copy.set(f32.subarray(place(c), place(c) + plane), c * plane);
    change(copy);
    for (let c = 0; c < 3; c++) f32.set(copy.subarray(c * plane, (c + 1) * plane), place(c));
  }
}
