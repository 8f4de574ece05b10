import { BagsslError } from './errors.ts';
import { isA, tagOf } from './is-a.ts';
import { quote } from './quote.ts';

/**
 * For what types hold off in TypeScript, and a program in JavaScript does: a forgotten await, a path for a store, an ArrayBuffer.
 * @throws BagsslError `bad-argument` unless it `fits`, saying what was given in place of what
 */
export function given(fits: boolean, value: unknown, what: string, asked: string): void {
  if (!fits) throw new BagsslError('bad-argument', `${what} is ${kind(value)}; it must be ${asked}.${hint(value)}`);
}

/** @throws BagsslError `bad-argument` for what are no bytes */
export function givenBytes(value: Uint8Array, what = 'bytes'): void {
  given(isA(value, 'Uint8Array'), value, what, 'a Uint8Array');
}

/** @throws BagsslError `bad-argument` for what is no object, or lacks one of these parts */
export function givenParts<T extends object>(value: T, what: string, ...parts: readonly (keyof T & string)[]): void {
  const asked = `an object with ${parts.join(', ')}`;
  given(typeof value === 'object' && value !== null, value, what, asked);
  const missing = parts.find((part) => value[part] === undefined || value[part] === null);
  if (missing) throw new BagsslError('bad-argument', `${what} has no ${missing}; it must be ${asked}.${hint(value)}`);
}

/** @throws BagsslError `bad-argument` for options that are no object, such as what belongs into them under a name */
export function givenOptions(options: object, of: string, such: string): void {
  given(tagOf(options) === 'Object', options, `What ${of} is given`, `an object of options, such as { ${such} }`);
}

function kind(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return quote(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  const name = tagOf(value);
  return `${/^[AEIO]/.test(name) ? 'an' : 'a'} ${name}`;
}

function hint(value: unknown): string {
  if (isA(value, 'Promise')) return ' Await it first.';
  return isA(value, 'ArrayBuffer') ? ' Wrap it: new Uint8Array(buffer).' : '';
}
