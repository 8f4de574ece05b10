// npm run licences: lists the licence of everything installed, from the lockfile, run time first, and fails on one that asks
// more of whoever uses this package than naming its authors. Tools that never ship may be under others.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const FREE = [
  'MIT',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  '0BSD',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'Python-2.0',
  'Zlib',
];

/**
 * What an application may leave out (npm install --omit optional) may also be under the LGPL: libvips, which sharp loads, and
 * libheif-js. Both stay files of their own, which whoever ships them can replace; the LGPL asks for that, and for its text.
 */
const WEAK = ['LGPL-3.0', 'LGPL-3.0-or-later'];

const { packages } = JSON.parse(readFileSync(`${root}package-lock.json`, 'utf8'));
const licenceOf = (path, locked) => {
  if (locked.license) return locked.license;
  const manifest = `${root}${path}/package.json`;
  const { license } = existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')) : {};
  return typeof license === 'string' ? license : (license?.type ?? 'not stated');
};
const all = Object.entries(packages)
  .filter(([path]) => path !== '')
  .map(([path, locked]) => ({
    name: `${path.replace(/^.*node_modules\//, '')} ${locked.version}`,
    licence: licenceOf(path, locked),
    ships: !locked.dev && !locked.devOptional && !locked.peer,
    optional: Boolean(locked.optional),
  }));

let asks = 0;
for (const [title, ships, allowed, chosen] of [
  ['At run time:', true, FREE, all.filter((one) => one.ships && !one.optional)],
  ['\nAt run time, optional:', true, [...FREE, ...WEAK], all.filter((one) => one.ships && one.optional)],
  ['\nTools:', false, [], all.filter((one) => !one.ships)],
]) {
  console.log(title);
  const byLicence = new Map();
  for (const one of chosen) {
    byLicence.set(one.licence, [...(byLicence.get(one.licence) ?? []), one]);
  }
  for (const [licence, list] of [...byLicence].sort()) {
    const free = licence
      .split(/[()]|\s+(?:AND|OR)\s+/)
      .filter(Boolean)
      .every((name) => allowed.includes(name.trim()));
    console.log(`  ${licence}: ${list.map(({ name }) => name).join(', ')}`);
    if (free || !ships) continue;
    asks++;
    console.log(`  ✖ ${licence} is not among ${allowed.join(', ')}.`);
  }
}
process.exitCode = asks > 0 ? 1 : 0;
