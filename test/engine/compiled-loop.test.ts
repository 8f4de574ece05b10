import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CompiledLoop, inLoop, scalar } from '../../src/engine/compiled-loop.ts';
import { add, createGraph, mul, scale } from '../../src/graph.ts';
import { type Program, Runtime } from '../../src/runtime.ts';

/** A runtime that keeps the programs it compiles. */
async function watched() {
  const runtime = await Runtime.open({ device: 'native', threads: 1 });
  const compile = runtime.compile.bind(runtime);
  const programs: Program[] = [];
  runtime.compile = async (model) => {
    const program = await compile(model);
    programs.push(program);
    return program;
  };
  const freed = async () => {
    for (const program of programs) await assert.rejects(program.run({}), { code: 'disposed' });
    return programs.length;
  };
  return { runtime, freed };
}

/** total ← total + x, count ← count + 1, twice = 2·total before. */
function counting() {
  const graph = createGraph();
  const [x, total, count] = [graph.input('x', []), graph.input('total', [3]), graph.input('count', [])];
  return { next: { total: add(total, x), count: add(count, graph.scalar(1)) }, reads: { twice: scale(total, 2) } };
}

describe('a compiled loop', () => {
  it('holds its state between runs, from zeros or what it is given, and is freed at the end', async () => {
    const { runtime, freed } = await watched();
    const start = { total: Float32Array.of(1, 2, 3) };
    const state = await inLoop(runtime, { ...counting(), start }, async (loop) => {
      assert.deepEqual(await loop.run({ x: scalar(10) }), {});
      const { twice } = await loop.run({ x: scalar(100) }, ['twice', 'of another model']);
      assert.deepEqual([...twice], [22, 24, 26]);
      return loop.state.read();
    });
    assert.deepEqual([...state.total], [111, 112, 113]);
    assert.deepEqual([...state.count], [2]);
    assert.equal(await freed(), 1);
  });

  it('is freed when the work, the state or a model fails', async () => {
    const { runtime, freed } = await watched();
    const stop = async () => {
      throw new Error('stop');
    };
    await assert.rejects(inLoop(runtime, counting(), stop), /stop/);
    assert.equal(await freed(), 1);
    const start = { total: new Float32Array(2) };
    await assert.rejects(inLoop(runtime, { ...counting(), start }, stop), { code: 'bad-checkpoint' });
    assert.equal(await freed(), 2);
    const graph = createGraph();
    const fine = { y: mul(graph.input('x', [2]), graph.scalar(2)) };
    const compile = runtime.compile;
    let left = 2;
    runtime.compile = (model) => (left-- > 0 ? compile(model) : Promise.reject(new Error('no more')));
    await assert.rejects(CompiledLoop.open(runtime, [fine, fine, fine]), /no more/);
    assert.equal(await freed(), 4);
  });
});
