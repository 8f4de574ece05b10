import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromHalf, toHalf } from '../../src/base/half.ts';
import { readWeights, writeSafetensors } from '../../src/formats.ts';
import { BagsslError } from '../../src/index.ts';
import { initialWeights, runConfig } from '../../src/train.ts';
import { openEmbedder } from '../support/open-embedder.ts';
import { relativeError } from '../support/reference.ts';
import { plainImages, SHORT_RUN } from '../support/short-training.ts';

describe('weights of a safetensors file', () => {
  it('come as float32 from F32, F16 and BF16, with their shapes', () => {
    const file = writeSafetensors({
      single: { dtype: 'F32', shape: [2], data: Float32Array.of(0.1, -2) },
      half: { dtype: 'F16', shape: [1, 2], data: Uint16Array.of(0x3555, 0xc000) },
      brain: { dtype: 'BF16', shape: [2, 1], data: Uint16Array.of(0x4049, 0xc000) },
    });
    const { weights, shapes } = readWeights(file);
    assert.deepEqual(weights.single, Float32Array.of(0.1, -2));
    assert.deepEqual(weights.half, Float32Array.of(0.333251953125, -2));
    assert.deepEqual(weights.brain, Float32Array.of(3.140625, -2));
    assert.deepEqual(shapes, { single: [2], half: [1, 2], brain: [2, 1] });
  });

  it('of another type are refused, naming the tensor and its type', () => {
    const file = writeSafetensors({ steps: { dtype: 'I32', shape: [1], data: Int32Array.of(3) } });
    assert.throws(
      () => readWeights(file),
      (error) =>
        error instanceof BagsslError && error.code === 'bad-checkpoint' && /"steps" has dtype I32/.test(error.message),
    );
  });

  it('kept as F16 give an embedder vectors that differ by their rounding alone', async () => {
    const { model, recipe, seed, ...rest } = runConfig({ ...SHORT_RUN, budget: { steps: 1 } });
    const whole = initialWeights({ model, recipe, seed, ...rest });
    const halves = Object.entries(whole).map(([name, data]) => {
      return [name, { dtype: 'F16' as const, shape: [data.length], data: toHalf(data) }] as const;
    });
    const { weights } = readWeights(writeSafetensors(Object.fromEntries(halves)));
    assert.deepEqual(weights['encoder.1.conv.weight'], fromHalf(toHalf(whole['encoder.1.conv.weight'])));
    const vectors = [];
    for (const given of [whole, weights]) {
      const options = { model, recipe, weights: given, device: 'native', threads: 1, workers: 0 } as const;
      await using embedder = await openEmbedder(options);
      vectors.push((await embedder.matrix(plainImages(3))).data);
    }
    const difference = relativeError(vectors[1], vectors[0]);
    assert.ok(difference > 0 && difference < 2e-3, `${difference}`);
  });
});
