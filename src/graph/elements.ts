/** The number of elements of a tensor with these extents; 1 for a scalar. */
export const elements = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);
