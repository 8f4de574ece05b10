/** A mean over images, and how far it may be off. */
export interface Measure {
  /** The mean, 0 to 1. */
  readonly mean: number;
  /** Its standard error: the standard deviation of one image's value over the root of their number; NaN for a single one. */
  readonly error: number;
}

/** Mean and standard error of values that were measured one by one. */
export function measureOf(values: readonly number[]): Measure {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, error: Math.sqrt(squares / (n - 1) / n) };
}
