// The shards in pgvector and LanceDB: recall at 10 against exact search.
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { run } from '../../scripts/lib/run.mjs';
import { must } from './prepare.mjs';

const here = resolve('examples/scale/vectors');

/** @throws Error for a recall below 0.95 at ef 100, and where shards of another model are taken */
export async function checkVectors({ root, model, other }, shards) {
  const python = join(here, '.venv/bin/python');
  const load = 'import sys; from shards import read_shards; list(read_shards(*sys.argv[1:3]))';
  const env = { PYTHONPATH: here };
  await must('shards.py', run(python, ['-c', load, shards, model], { env }));
  const taken = await run(python, ['-c', load, shards, other], { env, quiet: true });
  if (taken.status === 0) throw new Error('shards.py takes the shards of another model.');
  const folder = join(root, 'databases');
  rmSync(folder, { recursive: true, force: true });
  const args = [join(here, 'recall.py'), shards, model, folder];
  const output = await must('recall.py', run(python, args, { capture: true }));
  const found = output
    .trim()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
  for (const line of found) console.log(`  ${JSON.stringify(line)}`);
  const at = found.filter(({ ef }) => ef === 100);
  if (at.length !== 2 || !at.every(({ recall }) => recall >= 0.95)) throw new Error('The recall is below 0.95.');
  return at.map(({ database, recall, rows }) => `${database} finds ${recall} of the 10 nearest of ${rows}`).join('; ');
}
