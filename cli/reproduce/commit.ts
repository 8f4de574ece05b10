import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The commit that this program was built from, marked `-dirty` if files differ; undefined outside a checkout of bagssl. */
export async function commitOfProgram(): Promise<string | undefined> {
  const folder = dirname(dirname(fileURLToPath(import.meta.url)));
  const git = async (...args: string[]) => (await promisify(execFile)('git', ['-C', folder, ...args])).stdout.trim();
  try {
    // Inside another project's checkout, as a dependency, the commit would be the other project's.
    if ((await git('rev-parse', '--show-prefix')) !== '') return undefined;
    return await git('describe', '--always', '--dirty', '--abbrev=12', '--exclude', '*');
  } catch {
    return undefined;
  }
}
