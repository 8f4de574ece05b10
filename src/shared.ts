/**
 * A value there is one of in a page or process, however many copies of a module there are: what a page loads later brings modules
 * of its own (see scripts/build.mjs).
 */
export function shared<T>(name: string, make: () => T): T {
  const all = globalThis as unknown as Record<symbol, T | undefined>;
  const key = Symbol.for(`bagssl.${name}`);
  all[key] ??= make();
  return all[key];
}
