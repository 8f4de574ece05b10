import assert from 'node:assert/strict';
import { it } from 'node:test';
import { formsOf } from '../../src/engine/compile.ts';
import type { Runtime } from '../../src/runtime.ts';

it('a GPU whose measurement fails is measured again when it is next asked for, and what was compiled is freed', async () => {
  let [compiled, freed] = [0, 0];
  const lost = {
    device: 'webgpu',
    adapter: 'one that is lost',
    compile: async () => ({
      number: ++compiled,
      run: () => Promise.reject(new Error(`lost with program ${compiled}`)),
      dispose: async () => {
        freed++;
      },
    }),
  } as unknown as Runtime;
  await assert.rejects(formsOf(lost), /lost with program 2/);
  assert.equal(freed, 2);
  await assert.rejects(formsOf(lost), /lost with program 4/);
  assert.equal(freed, 4);
});
