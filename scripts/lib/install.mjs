import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { npm } from './run.mjs';

const packages = (file) => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
};

/** Whether node_modules holds what package-lock.json names; optional packages of other platforms may be absent. */
export function installed(root) {
  const wanted = packages(join(root, 'package-lock.json'));
  const present = packages(join(root, 'node_modules/.package-lock.json'));
  if (!wanted || !present) return false;
  return Object.entries(wanted).every(([path, { version, optional, peer }]) => {
    const found = present[path];
    return path === '' || (found ? found.version === version : Boolean(optional || peer));
  });
}

/**
 * Installs the dependencies where any is missing or out of date. No dependency needs its install script, and building
 * is for the caller, so no script runs.
 */
export async function install(root) {
  if (installed(root)) return false;
  console.log('Installing dependencies (npm ci) ...');
  const { status } = await npm(['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: root });
  if (status !== 0) throw new Error('npm ci failed; see its message above.');
  return true;
}
