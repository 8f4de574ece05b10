import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BagsslError } from '../../src/index.ts';
import { runConfig } from '../../src/train.ts';

describe('a run that cannot be is refused, quoting the value', () => {
  const cases: readonly [Record<string, unknown>, RegExp][] = [
    [{ optimizer: { kind: 'adagrad' } }, /optimizer "adagrad"; choose one of lars, sgd, adamw, lion/],
    [{ optimizer: { momentum: 0.9 } }, /Unknown optimizer undefined/],
    [{ optimizer: { kind: 'lars', momentum: 1 } }, /lars: momentum .* below 1, got 1/],
    [{ optimizer: { kind: 'lars', trust: 0 } }, /trust must be a positive number, got 0/],
    [
      { optimizer: { kind: 'lars', exclude: 'one-dimensionl' } },
      /exclude must be .*one-dimensional, none, got "one-dim/,
    ],
    [{ optimizer: { kind: 'sgd', trust: 0.005 } }, /sgd: there is no "trust"/],
    [{ optimizer: { kind: 'sgd', nesterov: 1 } }, /nesterov must be true or false, got 1/],
    [{ optimizer: { kind: 'adamw', beta2: -0.1 } }, /beta2 .* got -0\.1/],
    [{ optimizer: { kind: 'adamw', weightDecay: Number.NaN } }, /weightDecay .* got NaN/],
    [{ optimizer: 'lars' }, /config: optimizer must be an object, got "lars"/],
    [{ objective: ['byol'] }, /config: objective must be an object, got \["byol"\]/],
    [{ rate: 0 }, /rate .* got 0/],
    [{ rate: '0.3' }, /rate .* got "0\.3"/],
    [{ seed: -1 }, /seed must be a whole number of at least 0, got -1/],
    [{ seed: undefined }, /seed .* got undefined/],
    [{ views: 1.5 }, /views .* got 1\.5/],
    [{ slices: 0 }, /slices .* got 0/],
    [{ averaging: 1 }, /averaging must be a number between 0 and 1, got 1/],
    [{ precision: 'float64' }, /precision must be one of .*float32.*, got "float64"/],
    [{ epochs: 3 }, /there is no "epochs"; its options: seed, .*budget/],
    [{ budget: { steps: 0 } }, /config\.budget: steps .* got 0/],
    [{ budget: { minutes: 0 } }, /config\.budget: minutes .* got 0/],
    [{ budget: {} }, /config\.budget is \{\}; it must be \{ steps \} or \{ minutes \}/],
    [{ budget: { epochs: 3 } }, /config\.budget is \{"epochs":3\}; it must be/],
    [{ budget: { steps: 5, minutes: 5 } }, /there is no "minutes"; its options: steps/],
    [{ budget: null }, /budget must be an object, got null/],
    [{ schedule: { kind: 'linear' } }, /config\.schedule: kind must be one of cosine, constant, step, got "linear"/],
    [{ schedule: { kind: 'cosine', factor: 0.1 } }, /\(cosine\): there is no "factor"; its options: none/],
    [{ model: { size: 16 } }, /model: there is no "size"; its options: encoder, projector/],
    [{ model: {} }, /model: encoder must be an object, got undefined/],
  ];
  for (const [overrides, message] of cases) {
    it(JSON.stringify(overrides), () => {
      assert.throws(
        () => runConfig({ budget: { steps: 1 }, ...(overrides as object) }),
        (error) => error instanceof BagsslError && error.code === 'bad-argument' && message.test(error.message),
        String(message),
      );
    });
  }

  it('but optional values may be undefined', () => {
    const { averaging } = runConfig({ budget: { steps: 1 }, averaging: undefined });
    assert.equal(averaging, undefined);
  });
});
