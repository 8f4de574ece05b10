import { needed, PROBABILITY, SWITCH } from '../../base/options.ts';
import type { BuiltIn, FieldRules } from './built-in.ts';

/** A recipe's loss of colour. */
export interface GreyscaleField {
  /** Probability that the patch loses its colour. */
  readonly greyscale: number;
}

/** Whether a patch loses its colour. */
export interface GreyscaleDrawn {
  /** Without colour. */
  readonly greyscale: boolean;
}

export const greyscaleRules: FieldRules<GreyscaleField, GreyscaleDrawn> = {
  rule: () => needed(PROBABILITY),
  drawn: () => ({ greyscale: needed(SWITCH) }),
  off: { greyscale: 0 },
};

/** RandomGrayscale. */
export const greyscale: BuiltIn<GreyscaleField, GreyscaleDrawn> = {
  name: 'greyscale',
  none: { greyscale: false },
  places: 1,
  draw(probability, stream, patch) {
    patch.greyscale = stream.uniform() < probability;
  },
  change({ kernels }, patch) {
    // 0 · v + 1 · grey is the grey itself, bit for bit.
    if (patch.greyscale) kernels.saturation(0);
  },
};
