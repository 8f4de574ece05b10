/** The kernels' exports; addresses are bytes, sizes pixels. See assembly/. */
export interface KernelExports {
  readonly memory: WebAssembly.Memory;
  heapBase(): number;
  // biome-ignore-start format: one kernel, one line
  copyInterleaved(
    source: number,
    stride: number,
    bytes: number,
    x: number,
    y: number,
    size: number,
    flip: number,
    tile: number,
  ): void;
  copyPlanar(
    source: number,
    stride: number,
    plane: number,
    x: number,
    y: number,
    size: number,
    flip: number,
    tile: number,
  ): void;
  rowsInterleaved(
    source: number,
    stride: number,
    bytes: number,
    x: number,
    y: number,
    width: number,
    height: number,
    size: number,
    table: number,
    taps: number,
    row: number,
    rows: number,
  ): void;
  rowsPlanar(
    source: number,
    stride: number,
    plane: number,
    x: number,
    y: number,
    width: number,
    height: number,
    size: number,
    table: number,
    taps: number,
    row: number,
    rows: number,
  ): void;
  // biome-ignore-end format: one kernel, one line
  columns(rows: number, height: number, size: number, table: number, taps: number, tile: number): void;
  brightness(tile: number, size: number, factor: number): void;
  contrast(tile: number, size: number, factor: number): void;
  saturation(tile: number, size: number, factor: number): void;
  hue(tile: number, size: number, turn: number): void;
  greyscale(tile: number, size: number): void;
  blur(tile: number, size: number, weights: number, radius: number, line: number, rows: number): void;
  solarise(tile: number, size: number, threshold: number): void;
  // biome-ignore format: one kernel, one line
  normalise(tile: number, size: number, meanR: number, meanG: number, meanB: number, stdR: number, stdG: number, stdB: number, out: number): void;
}
