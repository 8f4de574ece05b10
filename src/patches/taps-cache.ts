import type { Interpolation } from './recipe.ts';
import { mirroredTaps, resampleTaps, scaledTaps, type Taps } from './weights.ts';

/** A filter as the kernels take it: starts, then weights. */
export interface Table {
  readonly taps: number;
  readonly bytes: Uint8Array;
}

/** What a filter is for: rows, rows read from the right, or columns, which also divide by 255. */
type Use = 'across' | 'mirrored' | 'down';
const USES: readonly Use[] = ['across', 'mirrored', 'down'];

/** Bytes of tables that are kept. */
const BUDGET = 4 * 1024 * 1024;

/** Tables made before: random crops of a data set have few hundred different sides, and a fixed scale has one. */
export class TapsCache {
  #tables = new Map<number, Table>();
  #size = 0;
  #bytes = 0;

  table(length: number, size: number, interpolation: Interpolation, use: Use): Table {
    if (size !== this.#size || this.#bytes > BUDGET) {
      this.#tables.clear();
      this.#bytes = 0;
      this.#size = size;
    }
    const key = length * 8 + USES.indexOf(use) * 2 + (interpolation === 'bicubic' ? 1 : 0);
    let table = this.#tables.get(key);
    if (!table) {
      const taps = resampleTaps(length, size, interpolation);
      table = packed(
        use === 'across' ? taps : use === 'mirrored' ? mirroredTaps(taps, size) : scaledTaps(taps, 1 / 255),
      );
      this.#tables.set(key, table);
      this.#bytes += table.bytes.length;
    }
    return table;
  }
}

function packed({ taps, starts, weights }: Taps): Table {
  const bytes = new Uint8Array(starts.byteLength + weights.byteLength);
  bytes.set(new Uint8Array(starts.buffer));
  bytes.set(new Uint8Array(weights.buffer), starts.byteLength);
  return { taps, bytes };
}
