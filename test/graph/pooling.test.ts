import assert from 'node:assert/strict';
import { it } from 'node:test';
import { maxPool, reduceSum } from '../../src/graph/functions.ts';
import { gradients } from '../../src/graph/gradients.ts';
import { createGraph } from '../../src/graph/ops/index.ts';
import { BagsslError } from '../../src/index.ts';
import { runNative } from '../support/run-native.ts';

it('the first of equal maxima inside the image, in row order, gets the gradient, as in PyTorch', async () => {
  const graph = createGraph();
  const x = graph.input('x', [1, 1, 3, 3]);
  const y = maxPool(x, { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
  const [dx] = gradients(reduceSum(y, [0, 1, 2, 3]), [x]);
  const found = await runNative({ dx }, { x: new Float32Array(9) });
  assert.deepEqual([...found.dx], [1, 1, 0, 1, 1, 0, 0, 0, 0]);
});

it('refuses windows that ONNX Runtime refuses', () => {
  const x = createGraph().input('x', [1, 1, 3, 3]);
  const pool = (kernel: number[], pads: number[]) => () => maxPool(x, { kernel, strides: [1, 1], pads });
  const fails = (pattern: RegExp) => (error: unknown) =>
    error instanceof BagsslError && error.code === 'shape-mismatch' && pattern.test(error.message);
  assert.throws(pool([5, 5], [0, 0, 0, 0]), fails(/"x" \[1,1,3,3\] is smaller than the window \[5,5\]/));
  assert.throws(pool([2, 2], [2, 0, 0, 0]), fails(/padding/));
});
