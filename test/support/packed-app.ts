import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** An application in a folder of its own that has installed what `npm pack` gives, and what that declares as dependencies. */
export interface PackedApp {
  readonly folder: string;
  /** Where the package lies in it. */
  readonly installed: string;
  /** What would be published. */
  readonly tarball: string;
  /** The files of the tarball. */
  readonly files: readonly string[];
  /** Runs Node in it and gives what it printed. */
  node(...args: string[]): string;
  remove(): void;
}

export function packedApp(): PackedApp {
  const folder = mkdtempSync(join(tmpdir(), 'bagssl-pack-'));
  const installed = join(folder, 'node_modules/bagssl');
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const shell = process.platform === 'win32';
  const [packed] = JSON.parse(
    execFileSync('npm', pack, { encoding: 'utf8', shell, stdio: ['ignore', 'pipe', 'ignore'] }),
  );
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['-xf', packed.filename, '-C', installed, '--strip-components=1'], { cwd: folder });
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  for (const name of Object.keys(dependencies)) linkPackage(folder, name, 'node_modules');
  // npm installs these too, where it can.
  for (const name of Object.keys(optionalDependencies))
    if (existsSync(join('node_modules', name))) linkPackage(folder, name, 'node_modules');
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  return {
    folder,
    installed,
    tarball: join(folder, packed.filename),
    files: packed.files.map(({ path }: { path: string }) => path),
    node: (...args) => execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Puts a package that is installed elsewhere into the application. */
export function linkPackage(folder: string, name: string, from: string): void {
  const place = join(folder, 'node_modules', name);
  mkdirSync(dirname(place), { recursive: true });
  symlinkSync(resolve(from, name), place, 'junction');
}

/** The packages in a folder of node_modules, scoped ones by their whole name. */
export function packagesOf(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) =>
      name.startsWith('@') ? readdirSync(join(folder, name)).map((part) => `${name}/${part}`) : name,
    );
}
