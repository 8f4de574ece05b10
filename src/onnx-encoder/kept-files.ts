import { sha256 } from '../base/sha256.ts';

/** Where files from the network are kept, by address. What cannot be kept is fetched again. */
export interface KeptFiles {
  read(url: string): Promise<Uint8Array | undefined>;
  write(url: string, bytes: Uint8Array): Promise<void>;
  remove(url: string): Promise<void>;
}

/** The name of the cache in browsers and Deno, and of the folder in Node. */
const NAME = 'bagssl';

/**
 * The place that `cache` asks for: a folder; by default the Cache API, or in Node a folder of the user's. Undefined where there is
 * none, or none is wanted.
 */
export async function keptFiles(cache: boolean | string): Promise<KeptFiles | undefined> {
  if (cache === false) return undefined;
  if (typeof cache === 'string') return inFolder(cache);
  if (!('caches' in globalThis)) return inFolder(userFolder());
  try {
    return inCache(await caches.open(NAME));
  } catch {
    return undefined; // such as a page in a frame without storage
  }
}

function inCache(cache: Cache): KeptFiles {
  return {
    async read(url) {
      const found = await cache.match(url);
      return found && new Uint8Array(await found.arrayBuffer());
    },
    write: (url, bytes) => cache.put(url, new Response(bytes as Uint8Array<ArrayBuffer>)),
    async remove(url) {
      await cache.delete(url);
    },
  };
}

/** Node's modules, by a way that bundlers do not follow. */
const node = <T>(name: string): T | undefined =>
  (globalThis as { process?: { getBuiltinModule?: (name: string) => T | undefined } }).process?.getBuiltinModule?.(
    name,
  );

/** `$XDG_CACHE_HOME/bagssl` or ~/.cache/bagssl; on macOS ~/Library/Caches/bagssl, on Windows %LOCALAPPDATA%\bagssl\Cache. */
function userFolder(): string {
  const { env, platform } = process;
  const home = node<typeof import('node:os')>('node:os')?.homedir() ?? '.';
  if (env.XDG_CACHE_HOME) return `${env.XDG_CACHE_HOME}/${NAME}`;
  if (platform === 'win32') return `${env.LOCALAPPDATA ?? `${home}/AppData/Local`}/${NAME}/Cache`;
  return platform === 'darwin' ? `${home}/Library/Caches/${NAME}` : `${home}/.cache/${NAME}`;
}

function inFolder(folder: string): KeptFiles | undefined {
  const fs = node<typeof import('node:fs')>('node:fs')?.promises;
  if (!fs) return undefined;
  const fileOf = async (url: string) => {
    const digest = await sha256(new TextEncoder().encode(url));
    const name = url.split(/[?#]/)[0].split('/').at(-1) ?? '';
    return `${folder}/${digest.slice(0, 32)}-${name.replaceAll(/[^\w.-]/g, '_').slice(-64)}`;
  };
  return {
    read: async (url) => fs.readFile(await fileOf(url)).catch(() => undefined),
    async write(url, bytes) {
      const file = await fileOf(url);
      await fs.mkdir(folder, { recursive: true });
      // Whole or not there: a process may end at any time, and two may write at one time.
      const part = `${file}.${process.pid}.part`;
      await fs.writeFile(part, bytes);
      await fs.rename(part, file);
    },
    remove: async (url) => fs.rm(await fileOf(url), { force: true }),
  };
}
