import { BagsslError } from '../errors.ts';

interface Bounds {
  readonly high?: number;
  readonly whole?: boolean;
}

/** Rejects options of an objective that are not positive numbers within the bounds, quoting the first. */
export function checkOptions(
  objective: string,
  options: Readonly<Record<string, number>>,
  { high = Number.MAX_VALUE, whole = false }: Bounds = {},
): void {
  for (const [name, value] of Object.entries(options)) {
    if (typeof value === 'number' && value > 0 && value <= high && (!whole || Number.isInteger(value))) continue;
    const range = high === Number.MAX_VALUE ? '' : ` of at most ${high}`;
    throw new BagsslError(
      'bad-argument',
      `${objective}: ${name} must be a positive ${whole ? 'whole ' : ''}number${range}, got ${value}.`,
    );
  }
}
