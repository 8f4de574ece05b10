import type { PartLayout } from '../encoder/bag-layout.ts';
import { partCount, partShares } from '../encoder/part-shares.ts';
import type { BagImage, Collected, PartsOf } from './bag.ts';
import { BagMean, type BagOptions, type PatchBox } from './bag-mean.ts';

/** How a layout collects the vectors of an image's patches. */
export const partsOf = (layout: PartLayout): PartsOf => ({
  count: partCount(layout),
  collect: (image, width, options) => new PartMeans(layout, image, width, options),
});

/** The mean of each part of an image, of unit length, side by side. */
class PartMeans implements Collected {
  readonly #all: BagMean;
  readonly #parts: readonly { readonly mean: BagMean; weight: number }[];

  constructor(
    private readonly layout: PartLayout,
    private readonly image: BagImage,
    width: number,
    private readonly options: BagOptions,
  ) {
    const ofUnit = { unitPatches: options.unitPatches, unit: true };
    this.#all = new BagMean(width, ofUnit);
    this.#parts = Array.from({ length: partCount(layout) }, () => ({ mean: new BagMean(width, ofUnit), weight: 0 }));
  }

  get count(): number {
    return this.#all.count;
  }

  add(data: Float32Array, offset: number, weight = 1, box?: PatchBox): void {
    this.#all.add(data, offset, weight);
    partShares(this.layout, box!, this.image).forEach((share, k) => {
      if (share * weight === 0) return;
      const part = this.#parts[k];
      part.mean.add(data, offset, share * weight);
      part.weight += share * weight;
    });
  }

  /** A part without patches has the vector of the whole. @throws BagsslError `bad-data` as `BagMean.mean` */
  mean(): Float32Array {
    const whole = this.#all.mean();
    const vector = new Float32Array(this.#parts.length * whole.length);
    this.#parts.forEach(({ mean, weight }, k) => {
      vector.set(weight > 0 ? mean.mean() : whole, k * whole.length);
    });
    if (!this.options.unit) return vector;
    const unit = new BagMean(vector.length, { unit: true });
    unit.add(vector);
    return unit.mean();
  }
}
