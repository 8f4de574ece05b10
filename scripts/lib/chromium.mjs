// Where Chromium is: CHROME_PATH, then a browser of the system, then the one Playwright has downloaded. `ensureChromium`
// installs one where there is none.
import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { aptInstall, canInstall } from './debian.mjs';
import { npm, run } from './run.mjs';
import { findLavapipe } from './vulkan.mjs';

const { env, platform } = process;

/**
 * For tests: most of a WebGPU test's time goes into SwiftShader's compilation of shaders, and a third of that into two checks that a
 * sound shader does not need: memory of a workgroup set to zero, and indices kept within bounds. Deno's tests keep both.
 */
export const QUICK_SHADERS = '--enable-dawn-features=disable_robustness,disable_workgroup_init';

export class NoChromium extends Error {
  constructor() {
    super(
      'No Chromium was found, and none could be installed. Install Chromium or Chrome (Debian: apt-get install chromium; ' +
        'anywhere: npx playwright install --with-deps chromium), or set CHROME_PATH to its program.',
    );
  }
}

const executable = (file) => {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
};

function onPath(...names) {
  const folders = (env.PATH ?? '').split(delimiter).filter(Boolean);
  return names.flatMap((name) => folders.map((folder) => join(folder, name)));
}

function systemBrowsers() {
  if (platform === 'darwin') {
    const apps = ['Google Chrome', 'Chromium', 'Microsoft Edge'].map((name) => `${name}.app/Contents/MacOS/${name}`);
    return ['/Applications', join(homedir(), 'Applications')].flatMap((folder) => apps.map((app) => join(folder, app)));
  }
  if (platform === 'win32') {
    const folders = [env.PROGRAMFILES, env['PROGRAMFILES(X86)'], env.LOCALAPPDATA].filter(Boolean);
    const apps = ['Google/Chrome/Application/chrome.exe', 'Chromium/Application/chrome.exe'];
    return [...apps, 'Microsoft/Edge/Application/msedge.exe'].flatMap((app) =>
      folders.map((folder) => join(folder, app)),
    );
  }
  return onPath('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable');
}

/** Playwright keeps its browsers in <cache>/chromium-<revision>/chrome-<platform>/, the newest revision last. */
function playwrightBrowsers() {
  const caches = {
    darwin: join(homedir(), 'Library/Caches/ms-playwright'),
    win32: join(env.LOCALAPPDATA ?? '', 'ms-playwright'),
  };
  const cache =
    env.PLAYWRIGHT_BROWSERS_PATH ||
    (caches[platform] ?? join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'ms-playwright'));
  const list = (folder, name) => (existsSync(folder) ? readdirSync(folder).filter((entry) => name.test(entry)) : []);
  const programs = [
    'chrome',
    'chrome.exe',
    'Chromium.app/Contents/MacOS/Chromium',
    'Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing',
  ];
  return list(cache, /^chromium-\d+$/)
    .sort((a, b) => Number(b.split('-')[1]) - Number(a.split('-')[1]))
    .flatMap((revision) => list(join(cache, revision), /^chrome-/).map((build) => join(cache, revision, build)))
    .flatMap((folder) => programs.map((program) => join(folder, program)));
}

/** Ubuntu's chromium is a stub where snap is missing, and a browser may lack libraries: only one that answers counts. */
async function answers(file) {
  if (platform === 'win32') return true; // there --version opens a window
  const { status } = await run(file, ['--version'], { minutes: 1, quiet: true });
  return status === 0;
}

/** The path of a Chromium that starts; undefined where there is none. */
export async function findChromium() {
  if (env.CHROME_PATH) {
    if (executable(env.CHROME_PATH)) return env.CHROME_PATH;
    throw new Error(`CHROME_PATH is ${env.CHROME_PATH}, which is not a program. Correct it, or unset it.`);
  }
  for (const file of [...systemBrowsers(), ...playwrightBrowsers()]) {
    if (executable(file) && (await answers(file))) return file;
  }
  return undefined;
}

/** As `findChromium`, but installs one where there is none. @throws NoChromium with what to do */
export async function ensureChromium() {
  const found = await findChromium();
  if (found) return found;
  if (canInstall()) {
    const names = findLavapipe() ? ['chromium'] : ['chromium', 'mesa-vulkan-drivers'];
    if (await aptInstall(...names)) {
      const packaged = await findChromium();
      if (packaged) return packaged;
    }
  }
  console.log('Installing Chromium (playwright) ...');
  const needed = canInstall() ? ['--with-deps'] : [];
  await npm(['exec', '--yes', '--', 'playwright', 'install', ...needed, 'chromium'], { minutes: 8 });
  const downloaded = await findChromium();
  if (downloaded) return downloaded;
  throw new NoChromium();
}
