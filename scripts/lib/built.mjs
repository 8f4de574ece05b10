import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const modified = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Whether dist/ is complete and no older than anything it is built from. */
export function built(root) {
  const oldest = Math.min(...['dist/cli.js', 'dist/patches.worker.js'].map((file) => modified(join(root, file))));
  const files = ['assembly', 'cli', 'src', 'workers'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true }).map((name) => join(folder, name)),
  );
  const others = ['asconfig.json', 'package.json', 'package-lock.json', 'scripts/build.mjs'];
  return [...files, ...others].every((file) => modified(join(root, file)) <= oldest);
}
