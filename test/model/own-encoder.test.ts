import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createGraph } from '../../src/graph/ops/index.ts';
import { allEncoderKinds } from '../../src/model/all-encoder-kinds.ts';
import { encode } from '../../src/model/encoder.ts';
import { Scope } from '../../src/model/scope.ts';
import { checkSlope, difference, length, sum } from '../support/golden.ts';
import { ownConfig, ownEncoders, sgdGraph, sgdLosses } from '../support/own-encoders.ts';
import { runNative } from '../support/run-native.ts';

const named = (file: string) => ownEncoders.find((own) => own.file === file)!;

describe('a ResNet-18 of width 8, exported by PyTorch', () => {
  it('takes three steps of SGD on wasm with the losses PyTorch has', async () => {
    const own = named('resnet18-width8');
    const losses = await sgdLosses(own, 'wasm');
    assert.ok(difference(losses, own.losses) < 1e-3, `${losses}, expected ${own.losses}`);
  });
});

describe('networks exported by PyTorch compute and train as PyTorch does in float64', () => {
  for (const own of ownEncoders) {
    it(`${own.file}, batch norm ${own.batchNorm}`, async () => {
      const { scope, outputs, state, patches, shape } = sgdGraph(own);
      const inference = createGraph();
      const evaluated = encode(
        new Scope(inference, state),
        ownConfig(own),
        inference.input('patches', shape),
        allEncoderKinds,
      );
      const found = (await runNative({ evaluated }, { patches })).evaluated;
      assert.ok(difference(found, own.evaluated) < 2e-5, `evaluated: ${difference(found, own.evaluated)}`);

      const step = await runNative(outputs, { patches, ...state });
      assert.ok(difference(step.embedding, own.trained) < 3e-5, `trained: ${difference(step.embedding, own.trained)}`);
      const named = (names: readonly string[]) => names.map((name) => `encoder.${name}`).sort();
      assert.deepEqual(scope.parameters.map(({ spec }) => spec.name).sort(), named(Object.keys(own.gradients)));
      const largest = Math.max(...Object.values(own.gradients).map(([norm]) => norm));
      for (const [name, [norm, along, ...first]] of Object.entries(own.gradients)) {
        const g = step[`encoder.${name}.slope`];
        // An offset that batch norm takes out again has no gradient but what rounding leaves of large ones.
        const within = 5e-4 * norm + 1e-5 * largest;
        checkSlope(name, g, own.weights[name]?.k ?? own.numbers[name], norm, along, within);
        first.forEach((v, i) => assert.ok(Math.abs(g[i] - v) < within, `${name}[${i}]: ${g[i]}, expected ${v}`));
      }
      const moving = own.batchNorm === 'train' ? Object.keys(own.statistics) : [];
      assert.deepEqual(scope.statistics.map(({ spec }) => spec.name).sort(), named(moving));
      for (const name of moving) {
        const s = step[`encoder.${name}.next`];
        assert.ok(difference([length(s), sum(s)], own.statistics[name]) < 1e-4, name);
      }
      const losses = await sgdLosses(own, 'native');
      assert.ok(difference(losses, own.losses) < 1e-3, `${losses}, expected ${own.losses}`);
    });
  }
});
