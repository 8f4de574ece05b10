import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { add } from '../../src/graph/functions.ts';
import { createGraph } from '../../src/graph/ops/index.ts';
import { writeOnnx } from '../../src/graph/write-onnx.ts';
import { PatchPool } from '../../src/patches/pool.ts';

const adapter = await globalThis.navigator?.gpu?.requestAdapter();

describe('the Deno the tests run in', () => {
  it('is Deno', () => {
    assert.equal(typeof (globalThis as { Deno?: { version?: { deno: string } } }).Deno?.version?.deno, 'string');
  });

  it('starts the patch worker', async () => {
    const pool = await PatchPool.create({ workers: 1 });
    await pool.dispose();
  });
});

describe('ONNX Runtime', () => {
  const graph = createGraph();
  const x = graph.input('x', [2, 3]);
  const model = writeOnnx({ y: add(x, x) });

  for (const device of ['wasm', 'webgpu'] as const) {
    const skip = device === 'webgpu' && !adapter && 'Deno finds no WebGPU adapter here';
    it(`finds its WebAssembly and runs on ${device}`, { skip }, async () => {
      const ort = await (device === 'wasm' ? import('onnxruntime-web/wasm') : import('onnxruntime-web/webgpu'));
      const session = await ort.InferenceSession.create(model, { executionProviders: [device] });
      const { y } = await session.run({ x: new ort.Tensor('float32', Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]) });
      assert.deepEqual(Array.from(y.data as Float32Array), [2, 4, 6, 8, 10, 12]);
      await session.release();
    });
  }
});
