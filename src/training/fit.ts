import { givenParts } from '../base/options.ts';
import { BackgroundFit } from './background-fit.ts';
import { configOf, type Fit, type FitOptions } from './fit-options.ts';
import { LocalFit } from './local-fit.ts';
import type { RunConfig } from './run-config.ts';

/** Loaded on demand: it writes graphs to hash them, which a new run does not need. */
async function checkResumed(before: RunConfig, now: RunConfig): Promise<void> {
  const { checkSameCode } = await import('./own-parts.ts');
  await checkSameCode(before, now);
}

/**
 * Trains an encoder: `for await (const step of fit({ data, config: { budget: { steps: 500 } } }))`. Between steps
 * `checkpoint()` returns the whole run as a value. After the loop everything stays open for it; `dispose()` frees it.
 */
export function fit(options: FitOptions): Fit {
  givenParts(options, 'What fit is given', 'data');
  const config = configOf(options);
  return options.background
    ? new BackgroundFit(config, options, checkResumed)
    : new LocalFit(config, options, checkResumed);
}
