import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openRun } from '../../src/index.ts';
import { folderStore } from '../../src/node.ts';
import { type Checkpoint, runConfig } from '../../src/train.ts';
import { SHORT_RUN } from '../support/short-training.ts';

/** `npm run test:faults` kills 50 times. */
const KILLS = Number(process.env.BAGSSL_KILLS ?? 4);
const FLOATS = 250_000;

/** A state that only its step can have. */
function checkpoint(step: number): Checkpoint {
  const w = Float32Array.from({ length: FLOATS }, (_, i) => Math.fround(step + i / FLOATS));
  const config = runConfig({ ...SHORT_RUN, budget: { steps: 1e6 } });
  return { config, position: { step, seconds: step }, state: { w }, shapes: { w: [FLOATS] }, history: [] };
}

/** Takes the run, says what it found, and saves without end, saying each time that it has. */
async function child(folder: string): Promise<void> {
  const run = await openRun(folderStore(folder), { onWarning: (message) => console.log(`warning ${message}`) });
  const { position: { step } = { step: 0 }, state } = run.found ?? {};
  const whole = step === 0 || state!.w.every((value, i) => value === Math.fround(step + i / FLOATS));
  console.log(`found ${whole ? step : 'damage'}`);
  for (let next = step + 1; ; next++) {
    await run.save(checkpoint(next));
    console.log(`saved ${next}`);
  }
}

const folder = process.env.BAGSSL_KILL_FOLDER;
if (folder) await child(folder);
else {
  it(`a program killed at ${KILLS} random moments while it saves always finds its last whole checkpoint`, {
    timeout: 120_000 + KILLS * 5000,
  }, async (context) => {
    const place = await mkdtemp(join(tmpdir(), 'bagssl-kill-'));
    let saved = 0;
    let torn = 0;
    try {
      for (let kill = 0; kill <= KILLS; kill++) {
        const env = { ...process.env, BAGSSL_KILL_FOLDER: place };
        const killed = spawn(process.execPath, [fileURLToPath(import.meta.url)], {
          env,
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        let said = '';
        let last = 0;
        // Within the first, second or third save: at a random moment of the time the one before took.
        killed.stdout.setEncoding('utf8').on('data', (text) => {
          said += text;
          const now = performance.now();
          const took = last ? now - last : 60;
          last = now;
          const done = said.match(/saved/g)?.length ?? 0;
          if (/found/.test(said) && done >= kill % 3) setTimeout(() => killed.kill('SIGKILL'), Math.random() * took);
        });
        await once(killed, 'close');
        assert.doesNotMatch(said, /warning/);
        const [, found] = /found (.*)/.exec(said) ?? assert.fail(`Kill ${kill}: the run could not be opened.\n${said}`);
        // The last word may have been lost with its process, but nothing that was said may be.
        assert.ok(Number(found) >= saved, `kill ${kill}: found ${found}, but ${saved} was saved`);
        saved = Math.max(Number(found), ...Array.from(said.matchAll(/saved (\d+)\n/g), ([, step]) => Number(step)));
        if ((await readdir(place)).some((name) => name.endsWith('.part'))) torn++;
      }
      assert.ok(saved > 0, 'nothing was saved');
      context.diagnostic(`${saved} checkpoints saved, ${KILLS + 1} kills, ${torn} in the middle of a file`);
    } finally {
      await rm(place, { recursive: true });
    }
  });
}
