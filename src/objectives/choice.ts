import { BagsslError } from '../base/errors.ts';
import { givenParts } from '../base/options.ts';
import { isOwnPart, missingPart, type OwnPart } from '../base/own-part.ts';
import { quote } from '../base/values.ts';
import { alignUniform } from './align-uniform.ts';
import { barlowTwins } from './barlow-twins.ts';
import { byol } from './byol.ts';
import { codingRate } from './coding-rate.ts';
import { infoNce } from './info-nce.ts';
import type { Objective } from './objective.ts';
import { spectral } from './spectral.ts';
import { vicreg } from './vicreg.ts';

export { type AlignUniformOptions, alignUniform } from './align-uniform.ts';
export { type BarlowTwinsOptions, barlowTwins } from './barlow-twins.ts';
export { type ByolOptions, byol } from './byol.ts';
export { type CodingRateOptions, codingRate } from './coding-rate.ts';
export { type InfoNceOptions, infoNce } from './info-nce.ts';
export { type SpectralOptions, spectral } from './spectral.ts';
export { type VicregOptions, vicreg } from './vicreg.ts';

/** Every objective. Types, the command line and the tests take them from here. */
const KINDS = {
  'coding-rate': codingRate,
  vicreg,
  spectral,
  'info-nce': infoNce,
  'barlow-twins': barlowTwins,
  byol,
  'align-uniform': alignUniform,
};

type Kinds = typeof KINDS;

/** An objective by its kind, with its options: plain JSON. */
export type ObjectiveChoice = {
  [Kind in keyof Kinds]: { readonly kind: Kind } & NonNullable<Parameters<Kinds[Kind]>[0]>;
}[keyof Kinds];

/** The kinds of all objectives. */
export const OBJECTIVES = Object.keys(KINDS) as ObjectiveChoice['kind'][];

/**
 * The objective of a choice; one of your own is taken as it is.
 * @throws BagsslError `bad-argument` for an unknown kind, for options that the objective refuses, for anything else
 */
export function objectiveOf(choice: ObjectiveChoice | Objective | OwnPart): Objective {
  givenParts(choice as object, 'The objective');
  if ('build' in choice) {
    givenParts(choice, 'The objective', 'name', 'build');
    return choice;
  }
  if (isOwnPart(choice)) throw missingPart('objective', choice.name);
  const { kind, ...options } = choice;
  if (Object.hasOwn(KINDS, kind)) return (KINDS[kind] as (options: object) => Objective)(options);
  throw new BagsslError('bad-argument', `Unknown objective ${quote(kind)}; choose one of ${OBJECTIVES.join(', ')}.`);
}
