import { BagsslError } from '../base/errors.ts';
import { quote } from '../base/values.ts';
import { type AdamWOptions, adamw } from './adamw.ts';
import { type LarsOptions, lars } from './lars.ts';
import type { Optimizer } from './optimizer.ts';
import { type SgdOptions, sgd } from './sgd.ts';

/** An optimizer by its kind, with its options: plain JSON. */
export type OptimizerChoice =
  | ({ readonly kind: 'lars' } & LarsOptions)
  | ({ readonly kind: 'sgd' } & SgdOptions)
  | ({ readonly kind: 'adamw' } & AdamWOptions);

const MAKERS: { readonly [Name in OptimizerChoice['kind']]: (options: never) => Optimizer } = { lars, sgd, adamw };

/** @throws BagsslError `bad-argument` for a name that is none of theirs, and for options that the optimizer refuses */
export function optimizerOf({ kind, ...options }: OptimizerChoice): Optimizer {
  if (Object.hasOwn(MAKERS, kind)) return MAKERS[kind](options as never);
  const known = Object.keys(MAKERS).join(', ');
  throw new BagsslError('bad-argument', `Unknown optimizer ${quote(kind)}; choose one of ${known}.`);
}
