import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { RULES } from '../../src/graph/gradients/index.ts';
import type { Operator } from '../../src/graph/graph.ts';
import { OPERATORS } from '../../src/graph/ops/index.ts';
import { readOnnx } from '../../src/graph/read-onnx.ts';
import { OPSET } from '../../src/graph/write-onnx.ts';
import { onnxFile } from '../support/onnx-file.ts';

describe('the entry of an operator', () => {
  it('has a gradient rule, in the file of the same name', () => {
    assert.deepEqual([...OPERATORS.keys()].sort(), [...RULES.keys()].sort());
    const files = (folder: string) => readdirSync(`src/graph/${folder}`).sort();
    assert.deepEqual(files('ops'), files('gradients'));
  });

  it('is of an opset that graphs are written in', () => {
    for (const { type, since } of OPERATORS.values()) {
      assert.ok(Number.isInteger(since) && since >= 1 && since <= OPSET, `${type}: ${since}`);
    }
  });

  it('is a type error without every fact', () => {
    const infer: Operator['infer'] = () => [];
    const whole: Operator = { type: 'New', since: 13, kind: 'pointwise', settings: [], infer };
    // @ts-expect-error without `since`
    const ageless: Operator = { type: 'New', kind: 'pointwise', settings: [], infer };
    // @ts-expect-error without `kind`
    const kindless: Operator = { type: 'New', since: 13, settings: [], infer };
    // @ts-expect-error without `settings`
    const unset: Operator = { type: 'New', since: 13, kind: 'pointwise', infer };
    // @ts-expect-error a product without `multiplyAdds`
    const uncounted: Operator = { type: 'New', since: 13, kind: 'product', settings: [], infer };
    assert.ok(whole && ageless && kindless && unset && uncounted);
  });

  it('keeps a file of an older opset, where the operator may mean something else, from being misread', () => {
    const file = (opset: number) => onnxFile({ opset, nodes: [['HardSwish', 'x', 'y']] });
    readOnnx(file(14), { batch: 1 });
    assert.throws(() => readOnnx(file(13), { batch: 1 }), {
      code: 'unsupported-operator',
      message: /the HardSwish of y.*since opset 14.*opset 13/,
    });
  });
});
