import { BagsslError } from './errors.ts';

/**
 * What a checkpoint holds in place of an objective, an optimizer, an encoder or an augmentation that a program wrote itself: JSON
 * cannot hold code, so it must be given again, and its digest says whether it is the same.
 */
export interface OwnPart {
  /** Marks a part that is not in the checkpoint. */
  readonly kind: 'own';
  /** The part's own name, for messages. */
  readonly name: string;
  /** SHA-256 of the graph that the part writes, or of what an augmentation does to fixed pixels. */
  readonly digest: string;
}

/** Whether a part of a configuration is missing and must be given again. */
export const isOwnPart = (part: unknown): part is OwnPart => {
  const { kind, name, digest } = Object(part) as Partial<OwnPart>;
  return kind === 'own' && typeof name === 'string' && typeof digest === 'string';
};

/** The error for a part that must be given again. `where` is its place in a configuration, such as `objective`. */
export const missingPart = (where: string, name: string): BagsslError =>
  new BagsslError(
    'bad-argument',
    `This run's own "${name}" is code, which a checkpoint does not hold; give it again as config.${where}.`,
  );
