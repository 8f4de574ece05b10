import { BagsslError } from '../base/errors.ts';
import { quote } from '../base/values.ts';
import type { BagPlacement } from './bag-placement.ts';
import type { BlockLayout } from './block-layout.ts';

/**
 * How an image's patch vectors become its vector. `mean`: their mean, as in the paper. The others keep where patches lie: the mean of
 * each part of the image, of unit length, side by side. `quadrants`: four parts; `halves`: the whole, its top and its bottom;
 * `pyramid`: the whole and its quadrants. A `BlockLayout` sees the whole image, and places no patches.
 */
export type BagLayout = PartLayout | BlockLayout;

/** A layout of patches, which has no numbers of its own. */
export type PartLayout = 'mean' | 'quadrants' | 'halves' | 'pyramid';

/** The layouts of parts, by name. */
export const LAYOUTS: readonly PartLayout[] = ['mean', 'quadrants', 'halves', 'pyramid'];

/** Whether a layout sees the whole image, so that no patches are placed. */
export const seesWhole = (layout: BagLayout): layout is BlockLayout => typeof layout === 'object';

/** What a layout holds is checked when it is first built. @throws BagsslError `bad-argument` */
export function checkLayout(layout: BagLayout): BagLayout {
  if (LAYOUTS.includes(layout as PartLayout) || (layout as BlockLayout | null)?.kind === 'blocks') return layout;
  throw new BagsslError(
    'bad-argument',
    `layout is ${quote(layout)}; it must be one of ${LAYOUTS.join(', ')}, or blocks that were learnt.`,
  );
}

/** @throws BagsslError `bad-argument` for patches, and what is asked of them, that a layout has no use for */
export function checkPlaced(layout: BagLayout, placement: BagPlacement, request: OfPatches = {}): void {
  if (!seesWhole(layout)) return;
  const given = (['whole', 'weigh', 'unitPatches'] as const).find((name) => request[name]);
  if (placement.kind === 'whole' && !given) return;
  throw new BagsslError(
    'bad-argument',
    `The encoder's layout sees whole images and places no patches, but ${given ? `${given} is given` : `the placement is ${quote(placement)}`}. Leave it out, or embed patches with encoder.with({ layout: 'mean', placement }).`,
  );
}

/** What a bag is asked for that patches alone have. */
interface OfPatches {
  readonly whole?: boolean;
  readonly weigh?: unknown;
  readonly unitPatches?: boolean;
}
