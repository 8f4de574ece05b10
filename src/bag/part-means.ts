import { type PartLayout, partCount, partShares } from '../encoder/bag-layout.ts';
import { BagMean, type BagOptions, type PatchBox, unitLength } from './bag-mean.ts';

/** The mean of each part of an image, of unit length, side by side; of layout `mean`, the mean of all. */
export class PartMeans {
  readonly #all: BagMean;
  readonly #parts: { readonly mean: BagMean; weight: number }[] = [];

  /** @param size the image's, px */
  constructor(
    private readonly layout: PartLayout,
    private readonly size: { readonly width: number; readonly height: number },
    width: number,
    private readonly options: BagOptions,
  ) {
    const { unitPatches } = options;
    this.#all = new BagMean(width, layout === 'mean' ? options : { unitPatches, unit: true });
    if (layout === 'mean') return;
    this.#parts = Array.from({ length: partCount(layout) }, () => ({
      mean: new BagMean(width, { unitPatches, unit: true }),
      weight: 0,
    }));
  }

  get count(): number {
    return this.#all.count;
  }

  /** Adds the vector at `offset` of the patch in `box`, which layout `mean` does not need. */
  add(data: Float32Array, offset: number, box?: PatchBox, weight = 1): void {
    this.#all.add(data, offset, weight);
    if (this.layout === 'mean') return;
    partShares(this.layout, box!, this.size).forEach((share, k) => {
      if (share * weight === 0) return;
      const part = this.#parts[k];
      part.mean.add(data, offset, share * weight);
      part.weight += share * weight;
    });
  }

  /** A part without patches has the vector of the whole. @throws BagsslError `bad-data` as `BagMean.mean` */
  vector(): Float32Array {
    const whole = this.#all.mean();
    if (this.layout === 'mean') return whole;
    const parts = this.#parts.map(({ mean, weight }) => (weight > 0 ? mean.mean() : whole));
    const vector = new Float32Array(parts.length * whole.length);
    parts.forEach((part, k) => {
      vector.set(part, k * whole.length);
    });
    return this.options.unit ? unitLength(vector) : vector;
  }
}
