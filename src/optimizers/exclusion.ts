import { oneOf } from '../base/options.ts';
import type { Value } from '../graph/graph.ts';

/** Which parameters a rule exempts from weight decay, and LARS from its trust ratio. */
export interface Exclusion {
  /** By default parameters of one axis (biases, batch norm) are exempt, as in the papers' recipes. */
  readonly exclude?: 'one-dimensional' | 'none';
}

/** What `exclude` may be. */
export const EXCLUSION = { exclude: oneOf('one-dimensional', 'none') };

/** Whether a parameter is exempt under a rule's options. */
export function isExempt(parameter: Value, { exclude = 'one-dimensional' }: Exclusion): boolean {
  return exclude === 'one-dimensional' && parameter.shape.length < 2;
}
