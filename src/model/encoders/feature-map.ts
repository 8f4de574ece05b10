/** What is known of the images of which a network makes feature maps. */
interface Images {
  readonly rows: number;
  readonly columns: number;
  readonly layout: 'nchw' | 'nhwc';
}

/**
 * Whether the axes of a feature map, a, b and c after the batch, are rows, columns and channels, not channels, rows and columns:
 * positions have about the proportions of the input. Where both readings do as well, channels are where the input has them.
 */
export function channelsLast(a: number, b: number, c: number, { rows, columns, layout }: Images): boolean {
  const off = (high: number, wide: number) => Math.abs(Math.log((high * columns) / (wide * rows)));
  const gain = off(b, c) - off(a, b);
  return Math.abs(gain) < 1e-6 ? layout === 'nhwc' : gain > 0;
}
