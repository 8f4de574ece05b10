/** The kernels' exports; addresses are bytes, sizes pixels. See assembly/. */
export type KernelExports = {
  readonly memory: WebAssembly.Memory;
  heapBase(): number;
} & {
  /** Every kernel. One that changes a tile takes (tile, size, amount), or (tile, size, list, its last index, line, rows). */
  readonly [kernel: string]: (...of: readonly number[]) => void;
};

const PAGE = 65536;
/** Vector loads and stores may run a few pixels past the end of a region. */
const SLACK = 64;

const REGIONS = ['tile', 'out', 'across', 'down', 'row', 'rows', 'list', 'source'] as const;
type Region = (typeof REGIONS)[number];

/** Divides the kernels' memory into regions that only grow; the source, by far the largest, comes last. */
export class KernelMemory {
  /** Address of each region. What a region held is lost when `reserve` returns true. */
  readonly at: Record<Region, number>;
  /** Bytes of each region. */
  readonly bytes: Record<Region, number>;
  #u8 = new Uint8Array();
  #f32 = new Float32Array();

  constructor(private readonly wasm: KernelExports) {
    const none = () => Object.fromEntries(REGIONS.map((region) => [region, 0])) as Record<Region, number>;
    this.at = none();
    this.bytes = none();
  }

  /** Makes sure that regions hold at least these numbers of bytes. Returns whether any moved. */
  reserve(wanted: Partial<Record<Region, number>>): boolean {
    let grows = false;
    for (const region of REGIONS) {
      const bytes = wanted[region] ?? 0;
      if (bytes <= this.bytes[region]) continue;
      this.bytes[region] = bytes;
      grows = true;
    }
    if (!grows) return false;
    let end = this.wasm.heapBase();
    for (const region of REGIONS) {
      this.at[region] = end;
      end = (end + this.bytes[region] + SLACK + 15) & ~15;
    }
    const { memory } = this.wasm;
    if (end > memory.buffer.byteLength) memory.grow(Math.ceil((end - memory.buffer.byteLength) / PAGE));
    this.#u8 = new Uint8Array(memory.buffer);
    this.#f32 = new Float32Array(memory.buffer);
    return true;
  }

  /** All of it, as bytes. */
  get u8(): Uint8Array {
    return this.#u8;
  }

  /** All of it, as floats. */
  get f32(): Float32Array {
    return this.#f32;
  }
}
