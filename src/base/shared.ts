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

const said = shared('said', () => new Set<string>());

/** Warns on the console, of one thing once: a page that opens three engines need not read three times why. */
export function sayOnce(message: string): void {
  if (said.has(message)) return;
  said.add(message);
  console.warn(message);
}
