import { BagsslError } from '../base/errors.ts';
import { givenParts } from '../base/options.ts';
import { isOwnPart, missingPart, type OwnPart } from '../base/own-part.ts';
import { quote } from '../base/values.ts';
import { adamw } from './adamw.ts';
import { lars } from './lars.ts';
import { lion } from './lion.ts';
import type { Optimizer } from './optimizer.ts';
import { sgd } from './sgd.ts';

export { type AdamWOptions, adamw } from './adamw.ts';
export { type LarsOptions, lars } from './lars.ts';
export { type LionOptions, lion } from './lion.ts';
export { type SgdOptions, sgd } from './sgd.ts';

/** Every optimizer. Types and tests take them from here. */
const KINDS = { lars, sgd, adamw, lion };

type Kinds = typeof KINDS;

/** An optimizer by its kind, with its options: plain JSON. */
export type OptimizerChoice = {
  [Kind in keyof Kinds]: { readonly kind: Kind } & NonNullable<Parameters<Kinds[Kind]>[0]>;
}[keyof Kinds];

/** The kinds of all optimizers. */
export const OPTIMIZERS = Object.keys(KINDS) as OptimizerChoice['kind'][];

/**
 * The optimizer of a choice; one of your own is taken as it is.
 * @throws BagsslError `bad-argument` for an unknown kind, for options that the optimizer refuses, for anything else
 */
export function optimizerOf(choice: OptimizerChoice | Optimizer | OwnPart): Optimizer {
  givenParts(choice as object, 'The optimizer');
  if ('update' in choice) {
    givenParts(choice, 'The optimizer', 'name', 'slots', 'update');
    return choice;
  }
  if (isOwnPart(choice)) throw missingPart('optimizer', choice.name);
  const { kind, ...options } = choice;
  if (Object.hasOwn(KINDS, kind)) return (KINDS[kind] as (options: object) => Optimizer)(options);
  throw new BagsslError('bad-argument', `Unknown optimizer ${quote(kind)}; choose one of ${OPTIMIZERS.join(', ')}.`);
}
