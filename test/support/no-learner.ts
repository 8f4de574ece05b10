import assert from 'node:assert/strict';
import type { Learner } from '../../src/objectives/objective.ts';

/** For objectives that need the projections alone. */
export const noLearner: Learner = {
  predict: () => assert.fail('asked for a predictor'),
  target: () => assert.fail('asked for a target network'),
};
