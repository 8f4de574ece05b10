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
];

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
  }));

let asks = 0;
for (const ships of [true, false]) {
  console.log(ships ? 'At run time:' : '\nTools:');
  const byLicence = new Map();
  for (const one of all.filter((each) => each.ships === ships)) {
    byLicence.set(one.licence, [...(byLicence.get(one.licence) ?? []), one]);
  }
  for (const [licence, list] of [...byLicence].sort()) {
    const free = licence
      .split(/[()]|\s+(?:AND|OR)\s+/)
      .filter(Boolean)
      .every((name) => FREE.includes(name.trim()));
    console.log(`  ${licence}: ${list.map(({ name }) => name).join(', ')}`);
    if (free || !ships) continue;
    asks++;
    console.log(`  ✖ ${licence} is not among ${FREE.join(', ')}.`);
  }
}
process.exitCode = asks > 0 ? 1 : 0;
