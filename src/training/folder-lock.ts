import { mkdir, open, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { BagsslError } from '../base/errors.ts';
import { runBusy } from './run-store.ts';

/** A lock without its holder's name is still being written, or its writer died. After this long, assume it died. */
const WRITING_MS = 10_000;

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process started, if the system says, because process ids are reused. */
  readonly began?: string;
}

/** What a lock guards: the name of its file, and the error for whoever finds it taken. */
export interface Guarded {
  readonly file: string;
  busy(folder: string, holder: string): BagsslError;
  /** What to do where nothing can be kept. */
  readonly elsewhere: string;
}

const RUN: Guarded = { file: 'run.lock', busy: runBusy, elsewhere: 'Choose another folder.' };

/**
 * Locks a folder for this process with a file that only one process can create and that names its holder. Takes over the lock
 * of a process that no longer runs.
 * @throws BagsslError `run-busy`
 */
export async function lockFolder(folder: string, guarded = RUN): Promise<() => Promise<void>> {
  const refused = (cause: NodeJS.ErrnoException): never => {
    const text = `Nothing can be kept there: ${cause.message}. ${guarded.elsewhere}`;
    throw new BagsslError('not-saved', text, { cause });
  };
  const made = await mkdir(folder, { recursive: true }).catch(refused);
  const file = join(folder, guarded.file);
  const own = JSON.stringify({ pid: process.pid, host: hostname(), began: await began(process.pid) } satisfies Holder);
  for (let attempt = 0; attempt < 5; attempt++) {
    const handle = await open(file, 'wx').catch((error: NodeJS.ErrnoException) => {
      return error.code === 'EEXIST' ? undefined : refused(error);
    });
    if (handle) {
      await handle.writeFile(own).finally(() => handle.close());
      return async () => {
        await rm(file, { force: true });
        if (made) await rmdir(folder).catch(() => undefined); // do not leave an empty folder after a failure
      };
    }
    const found = await readFile(file, 'utf8').catch(() => undefined);
    if (found === undefined) continue; // released in the meantime
    const holder = await livingHolder(file, found);
    if (holder) throw guarded.busy(folder, `${holder} (${file})`);
    await takeAway(file, found);
  }
  throw guarded.busy(folder, `another process that started just now (${file})`);
}

/** Who holds the lock, for messages; undefined if that process no longer runs. */
async function livingHolder(file: string, text: string): Promise<string | undefined> {
  let holder: Holder;
  try {
    holder = JSON.parse(text);
  } catch {
    const age = Date.now() - ((await stat(file).catch(() => undefined))?.mtimeMs ?? 0);
    return Math.abs(age) < WRITING_MS ? 'a process that is starting' : undefined;
  }
  const { pid, host } = holder;
  if (host !== hostname()) return `process ${pid} on the machine "${host}"; if it is no more, delete the lock file`;
  if (!alive(pid)) return undefined;
  const now = await began(pid);
  return now !== undefined && holder.began !== undefined && now !== holder.began ? undefined : `process ${pid}`;
}

/** Two processes may find the same dead lock. So check a lock again after moving it, and put it back if it was a new one. */
async function takeAway(file: string, dead: string): Promise<void> {
  const aside = `${file}.${process.pid}`;
  try {
    await rename(file, aside);
  } catch {
    return; // the other process was first
  }
  if ((await readFile(aside, 'utf8')) === dead) await rm(aside, { force: true });
  else await rename(aside, file);
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Linux: the 22nd field of /proc/PID/stat, counted after the program's name, which may hold spaces. */
async function began(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')[19];
}
