import { BagsslError } from './errors.ts';

/**
 * What a checkpoint holds in place of an objective, an optimizer or an encoder that a program wrote itself: JSON cannot hold
 * code, so it must be given again, and its digest says whether it is the same.
 */
export interface OwnPart {
  /** Marks a part that is not in the checkpoint. */
  readonly kind: 'own';
  /** The part's own name, for messages. */
  readonly name: string;
  /** SHA-256 of the graph that the part writes. */
  readonly digest: string;
}

/** Whether a part of a configuration is missing and must be given again. */
export const isOwnPart = (part: unknown): part is OwnPart => (part as OwnPart | undefined)?.kind === 'own';

/** The error for a part that must be given again. `where` is its place in a configuration, such as `objective`. */
export const missingPart = (where: string, name: string): BagsslError =>
  new BagsslError(
    'bad-argument',
    `This run has its own ${where}, "${name}", which is code and not in the checkpoint; give it again as config.${where}.`,
  );
