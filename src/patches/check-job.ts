import { BagsslError } from '../base/errors.ts';
import { checkKind, checkOptions, needed, OBJECT, type Rule, type Rules, SWITCH, whole } from '../base/options.ts';
import { checkPixels } from '../base/pixels.ts';
import { quote } from '../base/values.ts';
import { checkOwn, type OwnChecks } from './augmentations/check-own.ts';
import { isInside } from './crop.ts';
import type { JobImage, PatchJob, PatchSource } from './job.ts';
import { checkPatch } from './parameters.ts';
import { checkPlacement } from './placement.ts';
import { checkRecipe } from './recipe.ts';

const MOST = 2 ** 32 - 1;

const LIST: Rule = { asked: 'an array', needed: true, fits: Array.isArray };

const JOB_RULES: Rules<PatchJob> = {
  recipe: needed(OBJECT),
  images: LIST,
  source: needed(OBJECT),
  keepParameters: SWITCH,
};

const IMAGE_RULES: Rules<JobImage> = {
  id: needed(whole(0, MOST)),
  pixels: needed(OBJECT),
  region: OBJECT,
  keep: SWITCH,
};

/** What each kind of source is given. */
const SOURCES: { readonly [Kind in PatchSource['kind']]: Readonly<Record<string, Rule>> } = {
  augmented: { seed: needed(whole(0)), epoch: needed(whole(0, MOST)), views: needed(whole(1, MOST)) },
  placed: { placement: needed(OBJECT), whole: SWITCH },
  given: { patches: LIST },
};

/**
 * Refuses anything that would not give a batch, before any work is done.
 * @throws BagsslError `bad-argument`
 */
export function checkJob(job: PatchJob, own: OwnChecks = new Map()): void {
  checkOptions('job', job, JOB_RULES);
  const { images, source } = job;
  const recipe = checkRecipe(job.recipe);
  for (const fields of [recipe, ...(recipe.views ?? [])]) checkOwn(fields, own);
  if (images.length === 0) throw new BagsslError('bad-argument', 'The job has 0 images; give at least 1.');
  for (const image of images) checkImage(image);
  checkKind('source', source, SOURCES);
  if (source.kind === 'placed') checkPlacement(source.placement);
  if (source.kind !== 'given') return;
  const { patches } = source;
  if (patches.length !== images.length) {
    throw new BagsslError(
      'bad-argument',
      `source.patches has ${patches.length} lists for ${images.length} images; give each image its own.`,
    );
  }
  patches.forEach((list, i) => {
    for (const patch of list) {
      checkPatch(patch, images[i].pixels, recipe.size);
      checkOwn(patch, own, true);
    }
  });
}

function checkImage(image: JobImage): void {
  const { id, pixels, region } = image;
  checkOptions('image', image, IMAGE_RULES);
  checkPixels(pixels, `image ${id}`);
  if (region && !isInside(region, pixels)) {
    throw new BagsslError(
      'bad-argument',
      `image ${id}: region must be whole pixels inside its ${pixels.width}×${pixels.height}, got ${quote(region)}.`,
    );
  }
}
