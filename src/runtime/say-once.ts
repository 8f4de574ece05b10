import { shared } from '../shared.ts';

const said = shared('said', () => new Set<string>());

/** Warns on the console, of one thing once: a page that opens three engines need not read three times why. */
export function sayOnce(message: string): void {
  if (said.has(message)) return;
  said.add(message);
  console.warn(message);
}
