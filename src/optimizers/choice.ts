import { BagsslError } from '../base/errors.ts';
import { quote } from '../base/values.ts';
import { type AdamWOptions, adamw } from './adamw.ts';
import { type LarsOptions, lars } from './lars.ts';
import type { Optimizer } from './optimizer.ts';
import { type SgdOptions, sgd } from './sgd.ts';

/** An optimizer by its name, with its options: plain JSON. */
export type OptimizerChoice =
  | ({ readonly name: 'lars' } & LarsOptions)
  | ({ readonly name: 'sgd' } & SgdOptions)
  | ({ readonly name: 'adamw' } & AdamWOptions);

const MAKERS: { readonly [Name in OptimizerChoice['name']]: (options: never) => Optimizer } = { lars, sgd, adamw };

/** @throws BagsslError `bad-argument` for a name that is none of theirs, and for options that the optimizer refuses */
export function optimizerOf({ name, ...options }: OptimizerChoice): Optimizer {
  if (Object.hasOwn(MAKERS, name)) return MAKERS[name](options as never);
  const known = Object.keys(MAKERS).join(', ');
  throw new BagsslError('bad-argument', `Unknown optimizer ${quote(name)}; choose one of ${known}.`);
}
