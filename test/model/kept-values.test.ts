import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { matmul, mul, reduceSum } from '../../src/graph/functions.ts';
import { gradients } from '../../src/graph/gradients.ts';
import { elements, type Value } from '../../src/graph/graph.ts';
import { needed } from '../../src/graph/needed.ts';
import { createGraph } from '../../src/graph/ops/index.ts';
import { onnx } from '../../src/model/encoders/onnx.ts';
import { Scope } from '../../src/model/scope.ts';
import { type FileNode, onnxFile } from '../support/onnx-file.ts';
import { randoms } from '../support/random.ts';
import { reading } from '../support/wild-encoders.ts';

const all = (v: Value) => reduceSum(v, [...v.shape.keys()]);
const number = (value: number) => ({ dims: [], float: [value] });
const weight = (...dims: number[]) => ({ dims, float: [...randoms(7, elements(dims))] });
const TENSORS = {
  w: weight(4, 3, 3, 3),
  v: weight(4, 5),
  r2: number(Math.SQRT2),
  r12: number(Math.SQRT1_2),
  one: number(1),
  half: number(0.5),
};

/** x·½(1 + erf(x/√2)) as PyTorch, transformers and tf2onnx write it. */
const FORMS: Readonly<Record<string, readonly FileNode[]>> = {
  PyTorch: [
    ['Div', 'c r2', 'd'],
    ['Erf', 'd', 'e'],
    ['Add', 'e one', 's'],
    ['Mul', 'c s', 'm'],
    ['Mul', 'm half', 'g'],
  ],
  transformers: [
    ['Div', 'c r2', 'd'],
    ['Erf', 'd', 'e'],
    ['Add', 'e one', 's'],
    ['Mul', 'c half', 'm'],
    ['Mul', 'm s', 'g'],
  ],
  tf2onnx: [
    ['Mul', 'c r12', 'd'],
    ['Erf', 'd', 'e'],
    ['Add', 'one e', 's'],
    ['Mul', 'half s', 'm'],
    ['Mul', 'c m', 'g'],
  ],
};
const file = (gelu: readonly FileNode[]) =>
  onnxFile({
    inputs: { x: ['b', 3, 6, 6] },
    tensors: TENSORS,
    nodes: [
      ['Conv', 'x w', 'c', { kernel_shape: [3, 3] }],
      ...gelu,
      ['GlobalAveragePool', 'g', 'p'],
      ['Flatten', 'p', 'f'],
      ['MatMul', 'f v', 'y'],
    ],
  });

describe('what a training step keeps for its gradient', () => {
  for (const [name, gelu] of Object.entries(FORMS)) {
    it(`is the argument of a Gelu alone, in the form of ${name}`, async () => {
      const model = file(gelu);
      const graph = createGraph();
      const scope = new Scope(graph);
      const y = onnx.build(scope, { kind: 'onnx', model, batchNorm: 'frozen' }, graph.input('patches', [2, 3, 6, 6]));
      const forward = new Set(needed({ y }).nodes.flatMap(({ outputs }) => outputs));
      const slopes = gradients(
        all(mul(y, y)),
        scope.parameters.map(({ value }) => value),
      );
      const { nodes } = needed(Object.fromEntries(slopes.map((slope, k) => [`g${k}`, slope])));
      const backward = nodes.filter(({ outputs }) => !outputs.some((value) => forward.has(value)));
      const kept = new Set(backward.flatMap(({ inputs }) => inputs).filter((value) => forward.has(value)));
      const large = [...kept].filter(({ shape }) => shape.length === 4 && shape[3] === 4);
      assert.equal(large.length, 1, large.map(({ name }) => name).join());

      const { difference, slope, parameters } = await reading(model, 2);
      assert.equal(parameters, 2);
      assert.ok(difference < 1e-5, `${difference}`);
      assert.ok(Math.abs(slope[0] / slope[1] - 1) < 0.01, `${slope}`);
    });
  }

  it('is no product for each matrix of a batch that meets one matrix of weights', () => {
    const graph = createGraph();
    const x = graph.input('x', [16, 3, 4, 5]);
    const w = graph.input('w', [5, 7]);
    const [slope] = gradients(all(matmul(x, w)), [w]);
    const { nodes } = needed({ slope });
    const largest = Math.max(...nodes.flatMap(({ outputs }) => outputs.map(({ shape }) => elements(shape))));
    assert.ok(largest <= 16 * 3 * 4 * 7, `${largest}`);
  });
});
