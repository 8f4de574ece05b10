import { BagsslError } from '../../base/errors.ts';
import { isA, quote } from '../../base/values.ts';
import { checkOwn, type OwnChecks } from './check-own.ts';
import { type Augmentation, callOwn, type OwnField } from './own.ts';

/** An augmentation, or the URL of a module whose default export it is. */
export type AugmentationSource = Augmentation | string | URL;

/** The user's own augmentations, as a pool needs them. */
export interface LoadedAugmentations {
  readonly own: readonly Augmentation[];
  readonly urls: readonly string[];
  readonly checks: OwnChecks;
}

const isUrl = (source: AugmentationSource): source is string | URL => typeof source === 'string' || isA(source, 'URL');

/** A URL that means the same in every thread. Text is relative to the page; in Node and Deno, to the current folder. */
function absolute(url: string | URL): string {
  try {
    return new URL(url).href;
  } catch {
    const { process } = globalThis;
    const folder = process?.getBuiltinModule?.('node:url').pathToFileURL(`${process.cwd()}/`);
    return new URL(url, globalThis.document?.baseURI ?? folder ?? globalThis.location.href).href;
  }
}

/** @throws BagsslError `bad-argument` if the module cannot be imported, or what it exports is not an augmentation */
export async function loadAugmentation(source: AugmentationSource): Promise<Augmentation> {
  let found = source as Partial<Augmentation> | undefined;
  if (isUrl(source)) {
    const url = absolute(source);
    try {
      found = (await import(/* @vite-ignore */ /* webpackIgnore: true */ url)).default;
    } catch (cause) {
      const message = `The augmentation ${quote(url)} could not be imported: ${(cause as Error)?.message ?? cause}`;
      throw new BagsslError('bad-argument', message, { cause });
    }
  }
  if (typeof found?.name === 'string' && found.name && typeof found.draw === 'function' && found.change) {
    return found as Augmentation;
  }
  const what = isUrl(source) ? `The default export of ${quote(String(source))}` : 'An augmentation';
  throw new BagsslError('bad-argument', `${what} must have a name, draw and change, got ${quote(found)}.`);
}

/**
 * @param workers whether workers need them too: these import modules, and can be sent no value with functions
 * @throws BagsslError `bad-argument` for what cannot be loaded or sent, and for two of one name
 */
export async function loadAugmentations(
  sources: readonly AugmentationSource[],
  workers: boolean,
): Promise<LoadedAugmentations> {
  const value = sources.findIndex((source) => !isUrl(source));
  if (workers && value >= 0) {
    throw new BagsslError(
      'bad-argument',
      `augmentations[${value}] is a value, which cannot be sent to a worker; give the URL of a module that exports it as default, or use no worker (workers: 0; in fit also background: false).`,
    );
  }
  const own = await Promise.all(sources.map(loadAugmentation));
  const twice = own.find(({ name }, i) => own.findIndex((other) => other.name === name) < i);
  if (twice) throw new BagsslError('bad-argument', `Two augmentations have the name ${quote(twice.name)}; rename one.`);
  const checks = new Map(own.map((one) => [one.name, (options: unknown) => callOwn(one, () => one.check?.(options))]));
  return { own, urls: sources.filter(isUrl).map(absolute), checks };
}

/**
 * The augmentations of a run, whose recipe is checked for them.
 * @throws BagsslError `bad-argument` too for a recipe that asks for another one, or has options that an augmentation refuses
 */
export async function loadForRecipe(
  sources: readonly AugmentationSource[],
  workers: boolean,
  { views = [], ...recipe }: OwnField & { readonly views?: readonly OwnField[] },
): Promise<LoadedAugmentations> {
  const loaded = await loadAugmentations(sources, workers);
  for (const fields of [recipe, ...views]) checkOwn(fields, loaded.checks);
  return loaded;
}
