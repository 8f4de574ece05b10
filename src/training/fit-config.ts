import { BagsslError } from '../base/errors.ts';
import { given } from '../base/options.ts';
import { tagOf } from '../base/values.ts';
import type { FitOptions } from './fit-options.ts';
import { isRunOption, type RunConfig, runConfig } from './run-config.ts';

/** The checked configuration of what `fit` is asked for. */
export function configOf(options: FitOptions): RunConfig {
  const { resume, run, data } = options;
  const lost = Object.keys(options).find(isRunOption);
  if (lost) throw new BagsslError('bad-argument', `"${lost}" belongs to the run: fit({ data, run: { ${lost} } }).`);
  given(run === undefined || tagOf(run) === 'Object', run, 'run', 'an object of what differs from the default run');
  const config = resume ? runConfig({ ...resume.config, ...run }) : runConfig({ budget: { steps: 1000 }, ...run });
  if (data.length < 2) {
    throw new BagsslError('bad-data', `"${data.name}" holds ${data.length} images; training needs at least 2.`);
  }
  // A batch larger than the data set is cut down to it: the objectives need distinct images.
  return { ...config, images: Math.min(config.images, data.length) };
}
