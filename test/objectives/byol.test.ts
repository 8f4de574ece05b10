import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { writeOnnx } from '../../src/graph/write-onnx.ts';
import type { ModelConfig } from '../../src/model/config.ts';
import { byol } from '../../src/objectives/byol.ts';
import { sgd } from '../../src/optimizers/sgd.ts';
import { ResidentState } from '../../src/runtime/resident-state.ts';
import { Runtime } from '../../src/runtime/runtime.ts';
import { initialState } from '../../src/training/initial-state.ts';
import { halfCosine } from '../../src/training/schedule.ts';
import { stepGraph } from '../../src/training/step-graph.ts';
import { byol as golden } from '../golden/objectives.json';
import { relativeError } from '../support/reference.ts';

const { views, images, momentum, hidden } = golden;
const model: ModelConfig = {
  encoder: { kind: 'conv', widths: [4], strides: [1], residual: false },
  projector: { hidden: [6], out: 4 },
};

describe('BYOL', () => {
  it('takes the three steps PyTorch takes in float64: losses, weights, predictor and target, whose momentum rises', async () => {
    const graph = stepGraph(model, byol({ momentum, hidden }), sgd(), { views, images, size: 4 });
    const start = Object.entries(golden.start).map(([name, data]) => [name, Float32Array.from(data)]);
    const runtime = await Runtime.open({ device: 'native', threads: 1 });
    const program = await runtime.compile(writeOnnx(graph.outputs));
    const initial = { ...initialState(graph.state, 0), ...Object.fromEntries(start) };
    const memory = await ResidentState.create(runtime, graph.state, initial);
    const losses: number[] = [];
    for (let step = 1; step <= golden.losses.length; step++) {
      const feeds = {
        patches: { data: Float32Array.from(golden.patches), shape: [views * images, 3, 4, 4] },
        rate: { data: Float32Array.of(golden.rate), shape: [] },
        step: { data: Float32Array.of(step), shape: [] },
        remaining: { data: Float32Array.of(halfCosine((step - 1) / golden.losses.length)), shape: [] },
      };
      losses.push(graph.loss.report(await memory.run(program, feeds, graph.reads)).loss);
    }
    const end = await memory.read();
    memory.dispose();
    await program.dispose();
    const worst = { loss: relativeError(losses, golden.losses), online: 0, target: 0 };
    for (const [name, expected] of Object.entries(golden.end)) {
      worst.online = Math.max(worst.online, relativeError(end[name], expected));
    }
    for (const [name, expected] of Object.entries(golden.target)) {
      worst.target = Math.max(worst.target, relativeError(end[`target.${name}`], expected));
    }
    assert.ok(Math.max(...Object.values(worst)) < 1e-5, JSON.stringify(worst));
  });

  it('keeps a target for every weight of the network, none for its statistics and the predictor', () => {
    const names = stepGraph(model, byol(), sgd(), { views, images, size: 4 }).state.map(({ name }) => name);
    const targets = names.filter((name) => name.startsWith('target.'));
    assert.deepEqual(
      targets,
      names.filter((name) => /^(encoder|projector)\..*\.(weight|bias)$/.test(name)).map((name) => `target.${name}`),
    );
    assert.ok(names.includes('predictor.1.linear.weight'));
  });
});
