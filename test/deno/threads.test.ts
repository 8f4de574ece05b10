import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { scale } from '../../src/graph/functions.ts';
import { createGraph } from '../../src/graph/ops/index.ts';
import { writeOnnx } from '../../src/graph/write-onnx.ts';
import { PatchPool, Runtime } from '../../src/index.ts';
import { batchHash, FIXTURE_HASH, fixtureJob } from '../patches/batch-fixture.ts';

describe('two wasm threads in Deno', () => {
  it('come up for every session, and leave workers to others', { timeout: 60_000 }, async () => {
    const runtime = await Runtime.open({ device: 'wasm', threads: 2 });
    // Enough elements that the work is shared out.
    const size = 1 << 18;
    for (let session = 0; session < 3; session++) {
      const graph = createGraph();
      const program = await runtime.compile(writeOnnx({ y: scale(graph.input('x', [size]), 2) }));
      const { y } = await program.run({ x: { data: new Float32Array(size).fill(3), shape: [size] } });
      assert.ok(y.every((v) => v === 6));
      await program.dispose();
      const pool = await PatchPool.create({ workers: 1 });
      assert.equal(batchHash(await pool.cut(fixtureJob())), FIXTURE_HASH);
      await pool.dispose();
    }
  });
});
