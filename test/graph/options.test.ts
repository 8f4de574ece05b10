import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  averagePool,
  conv,
  convTranspose,
  createGraph,
  gemm,
  maxPool,
  readOnnx,
  relu,
  writeOnnx,
} from '../../src/graph.ts';

describe('options of the graph are refused, quoting them, when', () => {
  const graph = createGraph();
  const x = graph.input('x', [1, 1, 4, 4]);
  const w = graph.input('w', [1, 1, 2, 2]);
  const matrix = graph.input('matrix', [2, 2]);
  const window = { kernel: [2, 2], strides: [1, 1], pads: [0, 0, 0, 0] };
  const geometry = { strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1] };
  for (const [what, call, message] of [
    ['misspelt for conv', () => conv(x, w, { ...geometry, groups: 2 } as never), /conv: .*"groups".*group/],
    ['left out for conv', () => conv(x, w, { strides: [1, 1] } as never), /conv: pads must be a list of 4/],
    [
      'too few for convTranspose',
      () => convTranspose(x, w, { ...geometry, strides: [2] }),
      /strides must be a list of 2/,
    ],
    ['out of range for conv', () => conv(x, w, { ...geometry, dilations: [0, 1] }), /at least 1, got .*0/],
    ['misspelt for maxPool', () => maxPool(x, { ...window, stride: [1, 1] } as never), /maxPool: .*"stride"/],
    ['out of range for averagePool', () => averagePool(x, { ...window, pads: [0, 0, 0, -1] }), /averagePool: pads/],
    ['misspelt for gemm', () => gemm(matrix, matrix, undefined, { transa: true } as never), /gemm: .*"transa".*transA/],
    ['no number for gemm', () => gemm(matrix, matrix, undefined, { alpha: Number.NaN }), /alpha must be a number/],
    [
      'misspelt for readOnnx',
      () => readOnnx(writeOnnx({ y: relu(x) }), { size: 1 } as never),
      /readOnnx: .*"size".*batch/,
    ],
    [
      'out of range for readOnnx',
      () => readOnnx(writeOnnx({ y: relu(x) }), { batch: 0 }),
      /batch must be .* at least 1, got 0/,
    ],
  ] as const) {
    it(what, () => assert.throws(call, { code: 'bad-argument', message }));
  }
});
