import { readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';

/** An image file of a folder. */
export interface ListedImage {
  /** Relative to the folder. */
  readonly file: string;
  /** The subfolder it is in; absent for a file of the folder itself. */
  readonly className?: string;
}

/** The image files of a folder, in an order that depends only on their names, and the files left out on purpose. */
export interface Listing {
  readonly images: ListedImage[];
  readonly skipped: { file: string; reason: string }[];
}

const IMAGE_NAME = /\.(jpe?g|jpe|jfif|png|webp)$/i;

/**
 * Lists the image files of a folder and of its subfolders, one level deep. Hidden files and files of other types are ignored.
 * If subfolders hold images, they are the classes, and images beside them are skipped. Symbolic links are followed only if
 * they stay inside `within`.
 * @param within default: `folder`
 */
export async function listImages(folder: string, within = folder): Promise<Listing> {
  const root = await realpath(within);
  const listing: Listing = { images: [], skipped: [] };
  const top = await readFolder(folder, root, '', listing);
  for (const className of top.folders) {
    const { files } = await readFolder(join(folder, className), root, className, listing);
    for (const name of files) listing.images.push({ file: join(className, name), className });
  }
  if (listing.images.length === 0) {
    listing.images.push(...top.files.map((file) => ({ file })));
  } else {
    const reason = 'is beside the class folders and so has no class';
    listing.skipped.push(...top.files.map((file) => ({ file, reason })));
  }
  return listing;
}

/** The names of a folder's visible subfolders and image files, sorted by code unit, so the same in every locale. */
export async function readFolder(folder: string, root: string, prefix = '', listing?: Listing) {
  const folders: string[] = [];
  const files: string[] = [];
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries) {
    const { name } = entry;
    if (name.startsWith('.')) continue;
    let kind: { isDirectory(): boolean; isFile(): boolean } = entry;
    if (entry.isSymbolicLink()) {
      const followed = await follow(join(folder, name), root);
      if (typeof followed === 'string') {
        listing?.skipped.push({ file: join(prefix, name), reason: followed });
        continue;
      }
      kind = followed;
    }
    if (kind.isDirectory()) folders.push(name);
    else if (kind.isFile() && IMAGE_NAME.test(name)) files.push(name);
  }
  return { folders: folders.sort(), files: files.sort() };
}

/** What a symbolic link points to, or why it is not followed. */
async function follow(link: string, root: string) {
  try {
    const target = await realpath(link);
    if (target !== root && !target.startsWith(root.endsWith(sep) ? root : root + sep)) {
      return 'is a symbolic link that leaves the folder';
    }
    return await stat(target);
  } catch {
    return 'is a symbolic link that leads nowhere';
  }
}
