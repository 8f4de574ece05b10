import { BagsslError } from '../../base/errors.ts';
import type { OwnField } from './own.ts';

/** Checks of the options of the user's augmentations, by name. */
export type OwnChecks = ReadonlyMap<string, (options: unknown) => void>;

/**
 * @param drawn whether the field holds what was drawn, which has no check, instead of options
 * @throws BagsslError `bad-argument` for an augmentation that was not given, or options that it refuses
 */
export function checkOwn({ own = {} }: OwnField, checks: OwnChecks, drawn = false): void {
  for (const [name, options] of Object.entries(own)) {
    const check = checks.get(name);
    if (!check) {
      throw new BagsslError(
        'bad-argument',
        `The recipe asks for the augmentation "${name}", which was not given; add it to "augmentations".`,
      );
    }
    if (!drawn) check(options);
  }
}
