import type { ListedImage } from './list-images.ts';

/** The part of a data set that an image belongs to. */
export type FolderPart = 'train' | 'test' | 'unlabeled';

/** Names of the folders that divide a data set, in lower case. */
const NAMES: Readonly<Record<string, FolderPart>> = {
  train: 'train',
  training: 'train',
  test: 'test',
  testing: 'test',
  val: 'test',
  valid: 'test',
  validation: 'test',
  unlabeled: 'unlabeled',
  unlabelled: 'unlabeled',
};

/** The first folder that a file is in, below the `depth` folders of its path; undefined where it is in none. */
export function folderOf({ file }: { readonly file: string }, depth = 0): string | undefined {
  const folders = file.split('/');
  return folders.length > depth + 1 ? folders[depth] : undefined;
}

/** The part that a file of a divided folder belongs to; undefined for a file beside the parts. */
export const partOfFile = (image: { readonly file: string }): FolderPart | undefined =>
  NAMES[folderOf(image)?.toLowerCase() ?? ''];

/**
 * Whether a folder is divided into training, test and unlabelled images: some are in a folder `train` or `unlabeled`, in any case, and
 * no other folder that holds images could be a class or an album. Images beside a `train` folder alone make it an album too.
 */
export function isDivided(images: readonly ListedImage[]): boolean {
  const folders = new Set(images.map((image) => folderOf(image)));
  const strays = folders.delete(undefined);
  const parts = new Set([...folders].map((name) => NAMES[name!.toLowerCase()]));
  return !parts.has(undefined!) && (parts.has('train') || parts.has('unlabeled')) && !(strays && parts.size === 1);
}
