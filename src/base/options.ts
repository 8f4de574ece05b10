import { BagsslError } from './errors.ts';
import { isA, quote, tagOf } from './values.ts';

/** What an option must be, in words and as a question. An option may be left out where it is not `needed`. */
export interface Rule {
  /** What it must be, for messages: "a positive number". */
  readonly asked: string;
  /** Whether it may not be left out. */
  readonly needed?: boolean;
  /** Rules of the options inside it. */
  readonly inside?: Readonly<Record<string, Rule>>;
  /** Whether a value is that. */
  fits(value: unknown): boolean;
}

/** What the options of one thing must be, each by its name. */
export type Rules<Options> = { readonly [Name in keyof Required<Options>]: Rule };

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const { POSITIVE_INFINITY: ENDLESS } = Number;

/** Any finite number. */
export const NUMBER: Rule = { asked: 'a number', fits: isNumber };

/** A number of 0 or more, below `end`. */
export const fromZero = (end = ENDLESS): Rule => ({
  asked: end === ENDLESS ? 'a number of at least 0' : `a number from 0 to below ${end}`,
  fits: (value) => isNumber(value) && value >= 0 && value < end,
});

/** A number above 0, at most `high`. */
export const aboveZero = (high = ENDLESS): Rule => ({
  asked: high === ENDLESS ? 'a positive number' : `a positive number of at most ${high}`,
  fits: (value) => isNumber(value) && value > 0 && value <= high,
});

/** A number above 0; Infinity lifts the limit. */
export const LIMIT: Rule = { asked: 'a positive number', fits: (value) => typeof value === 'number' && value > 0 };

/** A whole number of low … high. */
export const whole = (low: number, high = ENDLESS): Rule => ({
  asked: high === ENDLESS ? `a whole number of at least ${low}` : `a whole number from ${low} to ${high}`,
  fits: (value) => Number.isSafeInteger(value) && (value as number) >= low && (value as number) <= high,
});

/** A number of low … high. */
export const between = (low: number, high: number): Rule => ({
  asked: `a number from ${low} to ${high}`,
  fits: (value) => isNumber(value) && value >= low && value <= high,
});

export const PROBABILITY = /* @__PURE__ */ between(0, 1);

/** [least, most], both of low … high. */
export const range = (low: number, high: number): Rule => ({
  asked: `[least, most] of numbers from ${low} to ${high}`,
  fits: (value) => tuple(2, low, high).fits(value) && (value as number[])[0] <= (value as number[])[1],
});

/** An array of `count` numbers of low … high. */
export const tuple = (count: number, low: number, high: number): Rule => ({
  asked: `an array of ${count} numbers from ${low} to ${high}`,
  fits: (value) => Array.isArray(value) && value.length === count && value.every(between(low, high).fits),
});

/** Between 0 and 1, and neither. */
export const SHARE: Rule = {
  asked: 'a number between 0 and 1',
  fits: (value) => isNumber(value) && value > 0 && value < 1,
};

/** True or false. */
export const SWITCH: Rule = { asked: 'true or false', fits: (value) => typeof value === 'boolean' };

export const TEXT: Rule = { asked: 'a string', fits: (value) => typeof value === 'string' };

export const BYTES: Rule = { asked: 'bytes, as a Uint8Array', fits: (value) => isA(value, 'Uint8Array') };

/** A callback. */
export const FUNCTION: Rule = { asked: 'a function', fits: (value) => typeof value === 'function' };

/** The address of a file or folder. */
export const ADDRESS: Rule = {
  asked: 'a URL, as a URL or a string',
  fits: (value) => typeof value === 'string' || isA(value, 'URL'),
};

export const SIGNAL: Rule = {
  asked: 'an AbortSignal, such as new AbortController().signal',
  fits: (value) => typeof (value as AbortSignal | null)?.aborted === 'boolean',
};

/** An object whose parts are checked elsewhere. */
export const OBJECT: Rule = {
  asked: 'an object',
  fits: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
};

const isJson = (value: unknown, levels: number): boolean =>
  value === null ||
  isNumber(value) ||
  ['string', 'boolean'].includes(typeof value) ||
  (levels > 0 &&
    ['Object', 'Array'].includes(tagOf(value)) &&
    Object.values(value as object).every((part) => isJson(part, levels - 1)));

/** An object of plain JSON, at most 32 levels deep. */
export const JSON_OBJECT: Rule = {
  asked: 'an object of plain JSON',
  fits: (value) => tagOf(value) === 'Object' && isJson(value, 32),
};

/** An object of options that have rules of their own. */
export const optionsOf = <Options extends object>(rules: Rules<Options>): Rule => ({ ...OBJECT, inside: rules });

/** One of these values. */
export const oneOf = (...choices: readonly unknown[]): Rule => ({
  asked: `one of ${choices.join(', ')}`,
  fits: (value) => choices.includes(value),
});

/** Layers of a network, and entries of any other list. */
const MOST_ENTRIES = 1024;

/** One or more of what the rule asks. */
export const listOf = (rule: Rule): Rule => ({
  asked: `a list of 1 to ${MOST_ENTRIES}, each ${rule.asked}`,
  fits: (value) => Array.isArray(value) && value.length > 0 && value.length <= MOST_ENTRIES && value.every(rule.fits),
});

/** The same rule for what may not be left out. */
export const needed = (rule: Rule): Rule => ({ ...rule, needed: true });

/**
 * A misspelt option would silently count as left out, and a wrong value could surface much later, as a loss of NaN.
 * @throws BagsslError `bad-argument` for an option without a rule, and for a value that its rule does not fit
 */
export function checkOptions<Options extends object>(of: string, options: Options, rules: Rules<Options>): void {
  const names = Object.keys(rules);
  const such = names.length ? `, such as { ${names.slice(0, 2).join(', ')} }` : '';
  given(tagOf(options) === 'Object', options, of, `an object${such}`);
  const stranger = Object.keys(options).find((name) => !Object.hasOwn(rules, name));
  if (stranger !== undefined) {
    const known = names.join(', ') || 'none';
    throw new BagsslError('bad-argument', `${of}: there is no "${stranger}"; its options: ${known}.`);
  }
  for (const [name, { asked, needed, fits, inside }] of Object.entries<Rule>(rules)) {
    const value = options[name as keyof Options];
    if (value === undefined ? needed : !fits(value)) {
      throw new BagsslError('bad-argument', `${of}: ${name} must be ${asked}, got ${shown(value)}.${hint(value)}`);
    }
    if (inside && value !== undefined) checkOptions<object>(`${of}.${name}`, value as object, inside);
  }
}

/**
 * As `checkOptions`, for what has a `kind`, each with rules of its own beside those of all.
 * @throws BagsslError `bad-argument`
 */
export function checkKind<Options extends { readonly kind: string }>(
  of: string,
  options: Options,
  kinds: Readonly<Record<Options['kind'], Readonly<Record<string, Rule>>>>,
  all: Readonly<Record<string, Rule>> = {},
): Options {
  const kind = needed(oneOf(...Object.keys(kinds)));
  const found = OBJECT.fits(options) ? options.kind : options;
  if (!kind.fits(found)) {
    throw new BagsslError('bad-argument', `${of}: kind must be ${kind.asked}, got ${quote(found)}.`);
  }
  checkOptions<object>(of, options, { kind, ...kinds[options.kind as Options['kind']], ...all });
  return options;
}

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

const shown = (value: unknown) => (Array.isArray(value) || tagOf(value) === 'Object' ? quote(value) : kind(value));

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
