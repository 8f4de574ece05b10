import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gradients } from '../../src/graph/gradients.ts';
import { createGraph } from '../../src/graph/ops/index.ts';
import { type ObjectiveChoice, objectiveOf } from '../../src/objectives/choice.ts';
import golden from '../golden/objectives.json';
import { noLearner } from '../support/no-learner.ts';
import { relativeError } from '../support/reference.ts';
import { runNative } from '../support/run-native.ts';

describe('objectives have the value and gradient PyTorch computes in float64', () => {
  for (const { objective, views, images, d, projection, loss, gradient } of golden.cases) {
    const { kind, ...options } = objective;
    it(`${kind} ${JSON.stringify(options)}, ${views} views of ${images} images in ${d} dimensions`, async () => {
      const graph = createGraph();
      const input = graph.input('projection', [views * images, d]);
      const built = objectiveOf(objective as ObjectiveChoice).build(input, { views, images }, noLearner);
      const [slope] = gradients(built.surrogate, [input]);
      const out = await runNative({ ...built.reads, slope }, { projection: Float32Array.from(projection) });
      const { loss: found } = built.report(out);
      assert.ok(relativeError([found], [loss]) < 1e-5, `${found}, expected ${loss}`);
      assert.ok(relativeError(out.slope, gradient) < 2e-6, `${relativeError(out.slope, gradient)}`);
    });
  }
});
