import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { BagsslError, type ErrorCode, fit, openRun } from '../../src/index.ts';
import { folderStore } from '../../src/node.ts';
import { type Checkpoint, memoryStore, type RunStore, runConfig } from '../../src/train.ts';
import { plainImages, SHORT_RUN } from '../support/short-training.ts';

const folder = await mkdtemp(join(tmpdir(), 'bagssl-store-'));
after(() => rm(folder, { recursive: true }));
const code = (expected: ErrorCode) => (error: unknown) => error instanceof BagsslError && error.code === expected;

const checkpoint = (step: number): Checkpoint => ({
  config: runConfig({ ...SHORT_RUN, budget: { steps: 20 } }),
  position: { step, seconds: step },
  state: { w: Float32Array.of(1, 2, 3, step) },
  shapes: { w: [4] },
  history: [{ step, loss: -3, collapse: 0.5 }],
});
const stores: Record<string, () => RunStore> = {
  memory: () => memoryStore(),
  folder: () => folderStore(join(folder, `run${Math.random()}`)),
};

/** A store that dies in its nth write or removal, leaving the first half of what it wrote: the worst a disk does. */
function dying(store: RunStore, after: number): RunStore {
  let left = after;
  const die = () => {
    throw new Error('killed');
  };
  return {
    ...store,
    async write(name, bytes) {
      if (left-- > 0) return store.write(name, bytes);
      await store.write(name, bytes.subarray(0, bytes.length >> 1));
      die();
    },
    remove: (name) => (left-- > 0 ? store.remove(name) : die()),
  };
}

for (const [kind, make] of Object.entries(stores)) {
  describe(`a run kept in ${kind}`, () => {
    it('is found again whole, old or new, whichever write or removal dies torn', async () => {
      for (let after = 0; after < 8; after++) {
        const store = make();
        for (const step of [1, 2, 3]) {
          const run = await openRun(store);
          await run.save(checkpoint(step));
          await run.close();
        }
        const run = await openRun(dying(store, after));
        const saved = await run.save(checkpoint(4)).then(
          () => true,
          () => false,
        );
        await run.close();
        const warnings: string[] = [];
        const next = await openRun(store, { onWarning: (message) => warnings.push(message) });
        assert.ok([3, 4].includes(next.found!.position.step), `write ${after}: ${next.found!.position.step}`);
        assert.deepEqual(next.found, checkpoint(next.found!.position.step));
        if (saved) assert.equal(next.found!.position.step, 4);
        // And it goes on from there as if nothing had been.
        await next.save(checkpoint(5));
        await next.save(checkpoint(6));
        await next.close();
        const last = await openRun(store, { onWarning: (message) => assert.fail(message) });
        assert.equal(last.found!.position.step, 6);
        await last.close();
        assert.equal((await store.list()).length, 4, `${await store.list()}`);
      }
    });

    it('resumes from the previous one if the newest is damaged, says so, and keeps that one safe', async () => {
      for (const victim of [/^run\.json$/, /^state-/]) {
        const store = make();
        const run = await openRun(store);
        await run.save(checkpoint(1));
        const [first] = (await store.list()).filter((name) => victim.test(name));
        await run.save(checkpoint(2));
        const name = (await store.list()).find((one) => victim.test(one) && (one !== first || first === 'run.json'))!;
        const bytes = (await store.read(name))!;
        bytes[bytes.length >> 1] ^= 1;
        await store.write(name, bytes);
        await run.close();
        const warnings: string[] = [];
        const again = await openRun(store, { onWarning: (message) => warnings.push(message) });
        assert.deepEqual(again.found, checkpoint(1));
        assert.match(warnings.join('\n'), /^.*run\.json.*Going on from the checkpoint before it, of step 1\.$/);
        // The damaged one does not take its place when the next is saved.
        await again.save(checkpoint(3));
        await again.close();
        const newest = (await store.read('run.json'))!;
        newest[newest.length >> 1] ^= 1;
        await store.write('run.json', newest);
        const last = await openRun(store, { onWarning: () => undefined });
        assert.deepEqual(last.found, checkpoint(1));
        await last.close();
      }
    });

    it('is held by one at a time', async () => {
      const store = make();
      const run = await openRun(store);
      await assert.rejects(openRun(store), code('run-busy'));
      await run.close();
      await (await openRun(store)).close();
    });

    it('trains to the same bits after a save at every step, a loop that was left and an abort', async () => {
      const options = { data: plainImages(), device: 'wasm', threads: 1, workers: 0 } as const;
      const whole = fit({ ...options, config: SHORT_RUN });
      for await (const _ of whole);
      const expected = await whole.checkpoint();
      await whole.dispose();

      const store = make();
      const stop = new AbortController();
      for (const [end, seconds] of [
        [5, 0],
        [9, 1000],
        [12, 0],
        [99, 1000],
      ]) {
        await using run = await openRun(store);
        await using training = fit({
          ...options,
          config: SHORT_RUN,
          resume: run.found,
          signal: end === 12 ? stop.signal : undefined,
        });
        const follow = async () => {
          for await (const { step } of run.keep(training, { seconds })) {
            if (end !== 12 && step === end) break;
            if (step === end) stop.abort();
          }
        };
        if (end === 12) await assert.rejects(follow(), code('aborted'));
        else await follow();
      }
      await using last = await openRun(store);
      assert.deepEqual(last.found!.state, expected.state);
      assert.deepEqual(last.found!.history, expected.history);
    });
  });
}

describe('a run kept in a folder', () => {
  it('is taken over from a process that has ended, whose number another has, or that died while taking it', async () => {
    const dead = spawnSync(process.execPath, ['-e', '0']).pid;
    const host = hostname();
    for (const lock of [
      JSON.stringify({ pid: dead, host }),
      ...(process.platform === 'linux' ? [JSON.stringify({ pid: process.ppid, host, began: '1' })] : []),
    ]) {
      const path = join(folder, `stale${lock.length}`);
      await mkdir(path);
      await writeFile(join(path, 'run.lock'), lock);
      await (await openRun(folderStore(path))).close();
    }
    const path = join(folder, 'foreign');
    await mkdir(path);
    await writeFile(join(path, 'run.lock'), JSON.stringify({ pid: dead, host: 'elsewhere' }));
    await assert.rejects(
      openRun(folderStore(path)),
      (error: Error) => code('run-busy')(error) && /"elsewhere".*delete the lock file/.test(error.message),
    );
    await writeFile(join(path, 'run.lock'), '');
    await assert.rejects(openRun(folderStore(path)), code('run-busy'));
  });

  it('is not abandoned if the engine fails between a step and its save, which training repairs', async () => {
    const store = memoryStore();
    const run = await openRun(store);
    const training = fit({ data: plainImages(), device: 'wasm', threads: 1, workers: 0, config: SHORT_RUN });
    let asked = 0;
    const lost = ['device-lost', 'diverged', 'out-of-memory'] as const;
    const failing = {
      [Symbol.asyncIterator]: () => training[Symbol.asyncIterator](),
      async checkpoint() {
        if (asked < lost.length) throw new BagsslError(lost[asked++], 'Not now.');
        return training.checkpoint();
      },
    };
    let steps = 0;
    for await (const _ of run.keep(failing, { seconds: 0 })) steps++;
    assert.deepEqual([steps, asked], [20, 3]);
    await training.dispose();
    await run.close();
    assert.equal((await openRun(store)).found!.position.step, 20);
  });

  it('says so where a run cannot be kept', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    await assert.rejects(
      openRun(folderStore(join(file, 'run'))),
      (error: Error) => code('not-saved')(error) && /ENOTDIR.*another folder/.test(error.message),
    );
  });

  it('follows no link and writes through none', async () => {
    const path = join(folder, 'links');
    const store = folderStore(path);
    const run = await openRun(store);
    await run.save(checkpoint(1));
    const secret = join(folder, 'secret');
    await writeFile(secret, 'kept');
    await symlink(secret, join(path, 'run.json.part'));
    await run.save(checkpoint(2));
    assert.equal(await readFile(secret, 'utf8'), 'kept');
    await run.close();
    const json = join(path, 'run.json');
    await writeFile(join(folder, 'other.json'), await readFile(json));
    for (const name of await readdir(path)) if (name.endsWith('.json')) await rm(join(path, name));
    await symlink(join(folder, 'other.json'), json);
    await assert.rejects(openRun(store), (error: Error) => code('bad-checkpoint')(error) && /link/.test(error.message));
  });

  it('takes no name that leads outside it', async () => {
    for (const name of ['../x', '/x', 'a/b', 'a\\b', 'C:x', '..', '.', '', 'nul\0', 'X', 'a..b', 'con:']) {
      for (const store of [folderStore(folder), memoryStore()]) {
        await assert.rejects(store.write(name, new Uint8Array(1)), code('bad-argument'), name);
      }
      await assert.rejects(folderStore(folder).read(name), code('bad-argument'), name);
    }
  });

  it('says what is wrong if it cannot be written, continues to train, and fails at the end', async () => {
    const store = memoryStore();
    const full: RunStore = {
      ...store,
      write: async () => {
        throw new BagsslError('not-saved', 'The disk is full.');
      },
    };
    const warnings: string[] = [];
    const run = await openRun(full, { onWarning: (message) => warnings.push(message) });
    const training = fit({ data: plainImages(), device: 'wasm', threads: 1, workers: 0, config: SHORT_RUN });
    let steps = 0;
    const follow = async () => {
      for await (const _ of run.keep(training, { seconds: 0 })) steps++;
    };
    await assert.rejects(follow(), code('not-saved'));
    assert.equal(steps, 20);
    assert.equal(warnings.length, 20);
    assert.match(warnings[0], /disk is full.*continues/s);
    await training.dispose();
    await run.close();
  });
});
