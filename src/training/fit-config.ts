import { BagsslError } from '../errors.ts';
import type { FitOptions } from './fit-options.ts';
import { type RunConfig, runConfig } from './run-config.ts';

/** The checked configuration of what `fit` is asked for. */
export function configOf({ resume, run, data }: Pick<FitOptions, 'resume' | 'run' | 'data'>): RunConfig {
  const config = resume ? runConfig({ ...resume.config, ...run }) : runConfig({ budget: { steps: 1000 }, ...run });
  if (data.length < 2) {
    throw new BagsslError('bad-data', `"${data.name}" holds ${data.length} images; training needs at least 2.`);
  }
  // A batch larger than the data set is cut down to it: the objectives need distinct images.
  return { ...config, images: Math.min(config.images, data.length) };
}
