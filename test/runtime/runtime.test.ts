import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { relu, scale } from '../../src/graph/functions.ts';
import { createGraph } from '../../src/graph/ops/index.ts';
import { writeOnnx } from '../../src/graph/write-onnx.ts';
import type { BagsslError } from '../../src/index.ts';
import { ResidentState } from '../../src/runtime/resident-state.ts';
import { Runtime } from '../../src/runtime.ts';

function doubling(size: number): Uint8Array {
  const graph = createGraph();
  return writeOnnx({ y: relu(scale(graph.input('x', [size]), 2)) });
}

describe('the runtime', () => {
  it('takes any number of creations and runs at the same time, on two sessions and on one', async () => {
    const runtime = await Runtime.open({ device: 'wasm', threads: 1 });
    // Two creations at once are rejected by ORT, two runs on one session never settle: the queue is what makes this pass.
    const [first, second] = await Promise.all([runtime.compile(doubling(4)), runtime.compile(doubling(4))]);
    const runs = Array.from({ length: 20 }, (_, k) =>
      (k % 2 ? first : second).run({ x: { data: Float32Array.of(k, -1, 0, 1), shape: [4] } }),
    );
    const results = await Promise.all(runs);
    results.forEach(({ y }, k) => {
      assert.deepEqual([...y], [2 * k, 0, 0, 2]);
    });
    await Promise.all([first.dispose(), second.dispose()]);
  });

  it('frees a program once, and runs none that was freed', async () => {
    const runtime = await Runtime.open({ device: 'wasm', threads: 1 });
    const program = await runtime.compile(doubling(1));
    {
      await using same = program;
      assert.equal((await same.run({ x: { data: Float32Array.of(3), shape: [1] } })).y[0], 6);
    }
    await program.dispose();
    await assert.rejects(
      program.run({ x: { data: Float32Array.of(3), shape: [1] } }),
      (error: BagsslError) => error.code === 'disposed',
    );
  });

  it('continues after a run that fails', async () => {
    const runtime = await Runtime.open({ device: 'wasm', threads: 1 });
    const program = await runtime.compile(doubling(2));
    await assert.rejects(program.run({ x: { data: new Float32Array(3), shape: [3] } }));
    assert.deepEqual([...(await program.run({ x: { data: Float32Array.of(1, 2), shape: [2] } })).y], [2, 4]);
    await program.dispose();
  });

  it('keeps a state from step to step and gives back what was asked for alone', async () => {
    for (const device of ['wasm', 'native'] as const) {
      const runtime = await Runtime.open({ device, threads: 1 });
      const graph = createGraph();
      const next = scale(graph.input('v', [2]), 3);
      const program = await runtime.compile(writeOnnx({ 'v.next': next, twice: scale(next, 2) }));
      const state = [{ name: 'v', shape: [2] }];
      const memory = await ResidentState.create(runtime, state, { v: Float32Array.of(1, 2) });
      assert.deepEqual(await memory.run(program, {}, []), {});
      assert.deepEqual([...(await memory.run(program, {}, ['twice'])).twice], [18, 36]);
      const copy = await memory.read();
      await memory.run(program, {}, []);
      assert.deepEqual([...copy.v], [9, 18]);
      assert.deepEqual([...(await memory.read(['v'])).v], [27, 54]);
      await assert.rejects(
        ResidentState.create(runtime, state, { v: new Float32Array(3) }),
        (error: BagsslError) => error.code === 'bad-checkpoint',
      );
      memory.dispose();
      await program.dispose();
    }
  });

  it('says what to do if a named device is missing, and warns once when auto falls back', async () => {
    await assert.rejects(
      Runtime.open({ device: 'webgpu' }),
      (error: BagsslError) => error.code === 'device-unavailable' && /or "wasm"/.test(error.message),
    );
    await assert.rejects(Runtime.open({ threads: 0 }), (error: BagsslError) => error.code === 'bad-argument');
    const warnings: string[] = [];
    const { device } = await Runtime.open({ onWarning: (message) => warnings.push(message) });
    assert.equal(warnings.length, device === 'native' ? 0 : 1);
  });

  it('refuses a misspelt option', async () => {
    await assert.rejects(Runtime.open({ thread: 1 } as never), {
      code: 'bad-argument',
      message: 'Runtime.open: there is no "thread"; its options: device, threads, modules, onWarning, wasmUrl.',
    });
  });

  it('recommends onnxruntime-node in Node if it is not installed', async () => {
    const hook = `export async function resolve(name, context, next) {
      if (name === 'onnxruntime-node') throw Object.assign(new Error('none'), { code: 'ERR_MODULE_NOT_FOUND' });
      return next(name, context);
    }`;
    const program = `import { register } from 'node:module';
      register('data:text/javascript,' + ${JSON.stringify(encodeURIComponent(hook))});
      const { diagnostics, Runtime } = await import(${JSON.stringify(pathToFileURL(resolve('dist/runtime.js')).href)});
      await Runtime.open({ onWarning: console.log });
      console.log((await diagnostics()).native.why);`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
    const advice =
      'onnxruntime-node is about three times faster here, but is not installed: npm install onnxruntime-node.';
    assert.equal(stdout, `Running on wasm. ${advice}\n${advice}\n`);
  });

  it('refuses anything but a model, saying why', async () => {
    const runtime = await Runtime.open({ device: 'wasm', threads: 1 });
    await assert.rejects(runtime.compile(new Uint8Array([1, 2, 3])), (error: BagsslError) =>
      /could not load the model/.test(error.message),
    );
  });
});
