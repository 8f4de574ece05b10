import { BagsslError } from '../base/errors.ts';
import { quote } from '../base/values.ts';
import { type BarlowTwinsOptions, barlowTwins } from './barlow-twins.ts';
import { type ByolOptions, byol } from './byol.ts';
import { type CodingRateOptions, codingRate } from './coding-rate.ts';
import { type InfoNceOptions, infoNce } from './info-nce.ts';
import type { Objective } from './objective.ts';
import { type SpectralOptions, spectral } from './spectral.ts';
import { type VicregOptions, vicreg } from './vicreg.ts';

/** An objective by its name, with its options: plain JSON. */
export type ObjectiveChoice =
  | ({ readonly name: 'coding-rate' } & CodingRateOptions)
  | ({ readonly name: 'vicreg' } & VicregOptions)
  | ({ readonly name: 'spectral' } & SpectralOptions)
  | ({ readonly name: 'info-nce' } & InfoNceOptions)
  | ({ readonly name: 'barlow-twins' } & BarlowTwinsOptions)
  | ({ readonly name: 'byol' } & ByolOptions);

const MAKERS: { readonly [Name in ObjectiveChoice['name']]: (options: never) => Objective } = {
  'coding-rate': codingRate,
  vicreg,
  spectral,
  'info-nce': infoNce,
  'barlow-twins': barlowTwins,
  byol,
};

/** The names of all objectives, as a run gives them. */
export const OBJECTIVES = Object.keys(MAKERS) as ObjectiveChoice['name'][];

/** @throws BagsslError `bad-argument` for a name that is none of theirs, and for options that the objective refuses */
export function objectiveOf({ name, ...options }: ObjectiveChoice): Objective {
  if (Object.hasOwn(MAKERS, name)) return MAKERS[name](options as never);
  throw new BagsslError('bad-argument', `Unknown objective ${quote(name)}; choose one of ${OBJECTIVES.join(', ')}.`);
}
