import { BagsslError } from '../base/errors.ts';
import { quote } from '../base/values.ts';
import { type BarlowTwinsOptions, barlowTwins } from './barlow-twins.ts';
import { type ByolOptions, byol } from './byol.ts';
import { type CodingRateOptions, codingRate } from './coding-rate.ts';
import { type InfoNceOptions, infoNce } from './info-nce.ts';
import type { Objective } from './objective.ts';
import { type SpectralOptions, spectral } from './spectral.ts';
import { type VicregOptions, vicreg } from './vicreg.ts';

/** An objective by its kind, with its options: plain JSON. */
export type ObjectiveChoice =
  | ({ readonly kind: 'coding-rate' } & CodingRateOptions)
  | ({ readonly kind: 'vicreg' } & VicregOptions)
  | ({ readonly kind: 'spectral' } & SpectralOptions)
  | ({ readonly kind: 'info-nce' } & InfoNceOptions)
  | ({ readonly kind: 'barlow-twins' } & BarlowTwinsOptions)
  | ({ readonly kind: 'byol' } & ByolOptions);

const MAKERS: { readonly [Name in ObjectiveChoice['kind']]: (options: never) => Objective } = {
  'coding-rate': codingRate,
  vicreg,
  spectral,
  'info-nce': infoNce,
  'barlow-twins': barlowTwins,
  byol,
};

/** The names of all objectives, as a run gives them. */
export const OBJECTIVES = Object.keys(MAKERS) as ObjectiveChoice['kind'][];

/** @throws BagsslError `bad-argument` for a name that is none of theirs, and for options that the objective refuses */
export function objectiveOf({ kind, ...options }: ObjectiveChoice): Objective {
  if (Object.hasOwn(MAKERS, kind)) return MAKERS[kind](options as never);
  throw new BagsslError('bad-argument', `Unknown objective ${quote(kind)}; choose one of ${OBJECTIVES.join(', ')}.`);
}
