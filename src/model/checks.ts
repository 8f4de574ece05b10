import { BagsslError } from '../errors.ts';
import { quote } from '../quote.ts';

/** Rejects what is not a whole number in low … high, naming it. */
export function whole(what: string, value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new BagsslError(
      'bad-argument',
      `model: ${what} must be a whole number from ${low} to ${high}, got ${quote(value)}.`,
    );
  }
}

/** Rejects what is none of the choices, naming them. */
export function oneOf(what: string, value: unknown, choices: readonly unknown[]): void {
  if (!choices.includes(value)) {
    throw new BagsslError('bad-argument', `model: ${what} must be one of ${choices.join(', ')}, got ${quote(value)}.`);
  }
}
