/** Rows of float32 vectors of one width, one after the other. */
export interface Matrix {
  readonly data: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

export const row = ({ data, columns }: Matrix, index: number): Float32Array =>
  data.subarray(index * columns, (index + 1) * columns);
