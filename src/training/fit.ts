import { givenParts } from '../base/options.ts';
import { BackgroundFit } from './background-fit.ts';
import type { Fit, FitOptions } from './fit-options.ts';
import { LocalFit } from './local-fit.ts';
import { checkSameCode } from './own-parts.ts';

/**
 * Trains an encoder: `for await (const step of fit({ data, config: { budget: { steps: 500 } } }))`. Between steps
 * `checkpoint()` returns the whole run as a value. After the loop everything stays open for it; `dispose()` frees it.
 */
export function fit(options: FitOptions): Fit {
  givenParts(options, 'What fit is given', 'data');
  return options.background ? new BackgroundFit(options) : new LocalFit(options, checkSameCode);
}
