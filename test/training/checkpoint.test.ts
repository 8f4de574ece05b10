import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { BagsslError } from '../../src/index.ts';
import { loadCheckpoint, saveCheckpoint } from '../../src/node.ts';
import { type Checkpoint, runConfig } from '../../src/train.ts';
import { SHORT_RUN } from '../support/short-training.ts';

const folder = await mkdtemp(join(tmpdir(), 'bagssl-'));
after(() => rm(folder, { recursive: true }));

const checkpoint = (step: number): Checkpoint => ({
  config: runConfig({ ...SHORT_RUN, budget: { steps: 20 } }),
  position: { step, seconds: 1.5 },
  state: { w: Float32Array.of(1, 2, 3, step) },
  shapes: { w: [2, 2] },
  history: [{ step, loss: -3, collapse: 0.5 }],
});
const damaged = (error: unknown) => error instanceof BagsslError && error.code === 'bad-checkpoint';

describe('a checkpoint in a folder', () => {
  it('comes back as it was, and replaces the one before', async () => {
    const run = join(folder, 'run');
    await saveCheckpoint(run, checkpoint(1));
    await saveCheckpoint(run, checkpoint(2));
    assert.deepEqual(await loadCheckpoint(run), checkpoint(2));
    await saveCheckpoint(run, checkpoint(3));
    assert.equal((await readdir(run)).length, 4, 'two checkpoints, a JSON and tensors each');
  });

  it('is refused when any byte of it was changed, naming the file', async () => {
    const run = join(folder, 'changed');
    await saveCheckpoint(run, checkpoint(3));
    for (const name of await readdir(run)) {
      const file = join(run, name);
      const whole = await readFile(file);
      // The JSON ends with a line break, which means nothing.
      const last = whole.length - (name === 'run.json' ? 2 : 1);
      for (const at of [0, 9, whole.length >> 1, last]) {
        const bytes = Uint8Array.from(whole);
        bytes[at] ^= 1;
        await writeFile(file, bytes);
        await assert.rejects(
          loadCheckpoint(run),
          (error: Error) => damaged(error) && error.message.includes('run.json'),
          `${name}, byte ${at}`,
        );
      }
      await writeFile(file, whole.subarray(0, whole.length - 4));
      await assert.rejects(loadCheckpoint(run), damaged);
      await writeFile(file, whole);
    }
    assert.deepEqual(await loadCheckpoint(run), checkpoint(3));
  });

  it('is refused when its JSON is cut off, of another version or not a run at all', async () => {
    const run = join(folder, 'json');
    await saveCheckpoint(run, checkpoint(4));
    const file = join(run, 'run.json');
    const json = await readFile(file, 'utf8');
    for (const text of [
      json.slice(0, 40),
      '{}',
      'null',
      '[]',
      json.replace('"version": 3', '"version": 9'),
      json.replace('"step": 4', '"step": -4'),
    ]) {
      await writeFile(file, text);
      await assert.rejects(loadCheckpoint(run), damaged, text.slice(0, 30));
    }
  });

  it('is reported as missing with a sentence that names the folder', async () => {
    await assert.rejects(
      loadCheckpoint(join(folder, 'nothing')),
      (error: Error) => damaged(error) && error.message.includes('nothing'),
    );
  });
});
