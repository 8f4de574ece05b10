import { readFileSync } from 'node:fs';
import { run } from './run.mjs';

/** Whether this process may install packages of Debian or Ubuntu. */
export function canInstall() {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  try {
    return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}

let updated;

/** Installs packages with apt; resolves to whether that succeeded. */
export async function aptInstall(...names) {
  console.log(`Installing ${names.join(' and ')} (apt-get) ...`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  updated ??= run('apt-get', ['update', '-q'], { minutes: 5, env });
  if ((await updated).status !== 0) return false;
  const { status } = await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...names], {
    minutes: 8,
    env,
  });
  return status === 0;
}
