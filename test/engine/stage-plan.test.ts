import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { networkOf, stepModel } from '../../bench/step/networks.ts';
import { LEAST, type StagePlan, stagePlan } from '../../src/engine/capture/stage-plan.ts';
import { type Forms, PLAIN } from '../../src/graph/lowering/forms.ts';
import { lower } from '../../src/graph/lowering/lower.ts';
import { needed, type Outputs } from '../../src/graph/needed.ts';
import { objectiveOf } from '../../src/objectives/choice.ts';
import { optimizerOf } from '../../src/optimizers/choice.ts';
import { runConfig } from '../../src/train.ts';
import { stepGraph } from '../../src/training/step-graph.ts';

/** Of a real card. */
const FORMS: Forms = { ...PLAIN, sum: 'adds' };

function defaultRun(): Outputs {
  const config = runConfig({ budget: { steps: 1 }, images: 4, views: 2 });
  const parts = [config.model, objectiveOf(config.objective), optimizerOf(config.optimizer)] as const;
  return stepGraph(...parts, { ...config, size: config.recipe.size, precision: 'float32' }).outputs;
}

function planOf(outputs: Outputs, limits = LEAST): StagePlan {
  const plan = stagePlan(outputs, limits);
  assert.ok(typeof plan === 'object', `${plan}`);
  return plan;
}

describe('the stages of a step on a GPU', () => {
  for (const [what, outputs, products, most] of [
    ['the bare network', stepModel(networkOf({ network: 0, patches: 8 })).outputs, 17, 18],
    ['the default network', stepModel(networkOf({ network: 1, patches: 8 })).outputs, 29, 54],
    ['the default run', defaultRun(), 60, 77],
  ] as const) {
    it(`of ${what} have ${products} products and at most ${most} kernels of our own`, () => {
      const { stages, copies } = planOf(lower(outputs, FORMS));
      const left = stages.flatMap(({ model }) => (model ? needed(model).nodes : []));
      const multiplied = left.filter(({ operator }) => operator.kind === 'product');
      assert.equal(multiplied.length, products);
      assert.ok(left.every((node) => multiplied.includes(node) || node.operator.type === 'Transpose'));
      const own = stages.flatMap(({ kernels }) => kernels);
      assert.ok(own.length <= most, `${own.length} kernels`);
      assert.ok(own.every(({ buffers }) => buffers.length <= 8));
      assert.equal(copies.length, 0);
    });
  }

  for (const [what, outputs, most] of [
    ['the bare network', stepModel(networkOf({ network: 0, patches: 8 })).outputs, 46],
    ['the default network', stepModel(networkOf({ network: 1, patches: 8 })).outputs, 100],
    ['the default run', defaultRun(), 220],
  ] as const) {
    it(`of ${what} need nothing of ONNX Runtime on an emulated GPU, and at most ${most} kernels`, () => {
      const plan = stagePlan(lower(outputs, FORMS), LEAST, true);
      assert.ok(typeof plan === 'object', `${plan}`);
      assert.ok(plan.stages.every(({ model }) => !model));
      const own = plan.stages.flatMap(({ kernels }) => kernels);
      assert.ok(own.length <= most, `${own.length} kernels`);
    });
  }

  for (const [what, limits, why] of [
    [
      'bindings',
      { maxStorageBuffersPerShaderStage: 2 },
      /^a kernel must bind \d+ buffers, and this GPU allows 2 \(max/,
    ],
    ['bytes in a binding', { maxStorageBufferBindingSize: 1024 }, /^a buffer of \d+ bytes .* 1024 \(maxStorageBufferB/],
    ['bytes in a buffer', { maxBufferSize: 512 }, /^a buffer of \d+ bytes .* allows 512 \(maxBufferSize\)$/],
  ] as const) {
    it(`are none on a GPU with too few ${what}, which is why`, () => {
      const { outputs } = stepModel(networkOf({ network: 0, patches: 8 }));
      const plan = stagePlan(lower(outputs, FORMS), { ...LEAST, ...limits });
      assert.match(String(plan), why);
    });
  }

  it('are as many where convolutions are columns, of which an emulated GPU has many to join', () => {
    const { outputs } = stepModel(networkOf({ network: 0, patches: 8 }));
    const columns: Forms = {
      ...FORMS,
      smallest: 32,
      smallImages: ['columns'],
      zeros: 'skipped',
      spread: ['columns'],
      transpose: 'apart',
    };
    const [plain, joined] = [FORMS, columns].map((forms) => planOf(lower(outputs, forms)).stages.length);
    assert.ok(joined >= plain, `${joined} stages instead of ${plain}`);
  });
});
