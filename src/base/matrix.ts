import { givenParts } from './options.ts';

/** Rows of float32 vectors of one width, one after the other. */
export interface Matrix {
  /** [rows, columns], row by row. */
  readonly data: Float32Array;
  /** How many vectors, 0 or more. */
  readonly rows: number;
  /** Their width. */
  readonly columns: number;
}

export const row = ({ data, columns }: Matrix, index: number): Float32Array =>
  data.subarray(index * columns, (index + 1) * columns);

/** `value` times the identity matrix, [side, side] row by row. */
export function identity(side: number, value = 1): Float32Array {
  const data = new Float32Array(side * side);
  for (let i = 0; i < side; i++) data[i * (side + 1)] = value;
  return data;
}

/** Blocks of `rows` rows each; the last is filled up with copies of `filler`. */
export function* blocksOf({ data, columns }: Matrix, rows: number, filler: Float32Array) {
  for (let from = 0; from < data.length; from += rows * columns) {
    const part = data.subarray(from, from + rows * columns);
    if (part.length === rows * columns) {
      yield { from, block: part };
      continue;
    }
    const block = new Float32Array(rows * columns);
    block.set(part);
    for (let at = part.length; at < block.length; at += columns) block.set(filler, at);
    yield { from, block };
  }
}

/** @throws BagsslError `bad-argument` for what is no matrix */
export function checkMatrix(matrix: Matrix, what: string): void {
  givenParts(matrix, what, 'data', 'rows', 'columns');
}
