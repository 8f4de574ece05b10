import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { scale } from '../../src/graph/functions.ts';
import { createGraph } from '../../src/graph/ops/index.ts';
import { writeOnnx } from '../../src/graph/write-onnx.ts';
import { PatchPool } from '../../src/patches.ts';
import { Runtime } from '../../src/runtime.ts';
import { batchHash, FIXTURE_HASH, fixtureJob } from '../patches/batch-fixture.ts';

describe('wasm in Deno', () => {
  it('runs one thread, and says so when more are asked for', async () => {
    const warnings: string[] = [];
    const runtime = await Runtime.open({ device: 'wasm', threads: 2, onWarning: (message) => warnings.push(message) });
    assert.equal(runtime.threads, 1);
    assert.equal(warnings.length, 1);
  });

  it('leaves the web’s workers to others once ORT has started', async () => {
    const runtime = await Runtime.open({ device: 'wasm' });
    const graph = createGraph();
    const program = await runtime.compile(writeOnnx({ y: scale(graph.input('x', [2]), 2) }));
    const pool = await PatchPool.create({ workers: 1 });
    assert.equal(batchHash(await pool.cut(fixtureJob())), FIXTURE_HASH);
    await pool.dispose();
    await program.dispose();
  });
});
