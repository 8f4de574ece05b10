import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { elements } from '../../src/graph/graph.ts';
import { readOnnx } from '../../src/graph/read-onnx.ts';
import { type FileTensor, type OnnxFile, onnxFile } from '../support/onnx-file.ts';
import { randoms } from '../support/random.ts';
import { runNative } from '../support/run-native.ts';

// biome-ignore lint/suspicious/noExplicitAny: the oracle is an optional module, loaded without its types.
const ort: any = await import('onnxruntime-node');

const ints = (...int64: number[]): FileTensor => ({ dims: [int64.length], int64 });
const scalar = (value: number): FileTensor => ({ dims: [], float: [value] });
const floats = (...float: number[]): FileTensor => ({ dims: [float.length], float });
const some = (seed: number, ...dims: number[]): FileTensor => ({ dims, float: [...randoms(seed, elements(dims))] });
const image = { x: [2, 4, 6, 6] };

/** What ONNX Runtime itself makes of the file, at its own opset. */
async function oracle(
  bytes: Uint8Array,
  feeds: Record<string, Float32Array>,
  shapes: Record<string, readonly number[]>,
) {
  const session = await ort.InferenceSession.create(bytes, { graphOptimizationLevel: 'disabled' });
  const tensors = Object.entries(feeds).map(([name, data]) => [name, new ort.Tensor('float32', data, shapes[name])]);
  const results = await session.run(Object.fromEntries(tensors));
  await session.release();
  return results;
}

const forms: Record<string, OnnxFile> = {
  'Clip, limits as attributes': {
    opset: 9,
    nodes: [['Clip', 'x', 'y', { min: { float: -0.3 }, max: { float: 0.4 } }]],
  },
  'Clip, no upper limit': { opset: 9, nodes: [['Clip', 'x', 'y', { min: { float: 0.1 } }]] },
  'Clip, lower limit left out': { opset: 11, tensors: { hi: scalar(0.2) }, nodes: [['Clip', 'x - hi', 'y']] },
  'Clip, limits from Constant nodes': {
    opset: 12,
    nodes: [
      ['Constant', '', 'lo', { value_float: { float: 0 } }],
      ['Constant', '', 'hi', { value: { tensor: scalar(6) } }],
      ['Clip', 'x lo hi', 'y'],
    ],
  },
  'Dropout, one output': { opset: 10, nodes: [['Dropout', 'x', 'y', { ratio: { float: 0.5 } }]] },
  'Dropout, ratio as input': { opset: 13, tensors: { r: scalar(0.5) }, nodes: [['Dropout', 'x r', 'y mask']] },
  'Softmax until 12: axes together': { opset: 11, inputs: image, nodes: [['Softmax', 'x', 'y', { axis: 2 }]] },
  'Softmax until 12: default axis 1': { opset: 12, inputs: image, nodes: [['Softmax', 'x', 'y']] },
  'Softmax since 13': { opset: 13, inputs: image, nodes: [['Softmax', 'x', 'y', { axis: 1 }]] },
  'LogSoftmax until 12: axes together': {
    opset: 12,
    inputs: image,
    nodes: [['LogSoftmax', 'x', 'y', { axis: 2 }]],
  },
  'LogSoftmax since 13': { opset: 13, inputs: image, nodes: [['LogSoftmax', 'x', 'y', { axis: 1 }]] },
  'Squeeze and Unsqueeze, axes as attributes': {
    opset: 11,
    inputs: { x: [2, 1, 3] },
    nodes: [
      ['Squeeze', 'x', 's', { axes: [1] }],
      ['Unsqueeze', 's', 'y', { axes: [-1, 0] }],
    ],
  },
  'Squeeze without axes': { opset: 13, inputs: { x: [2, 1, 3, 1] }, nodes: [['Squeeze', 'x', 'y']] },
  'ReduceSum, axes as attribute': {
    opset: 11,
    inputs: image,
    nodes: [['ReduceSum', 'x', 'y', { axes: [1, -1], keepdims: 0 }]],
  },
  'ReduceSum, axes as input': { opset: 13, inputs: image, tensors: { a: ints(2) }, nodes: [['ReduceSum', 'x a', 'y']] },
  'ReduceSum of nothing': { opset: 13, inputs: image, nodes: [['ReduceSum', 'x', 'y', { noop_with_empty_axes: 1 }]] },
  ReduceMin: { inputs: image, nodes: [['ReduceMin', 'x', 'y', { axes: [2] }]] },
  ReduceL1: { inputs: image, nodes: [['ReduceL1', 'x', 'y', { axes: [1], keepdims: 0 }]] },
  'ReduceL2 of everything': { inputs: image, nodes: [['ReduceL2', 'x', 'y', { keepdims: 0 }]] },
  'Slice, attributes': {
    opset: 9,
    inputs: image,
    nodes: [['Slice', 'x', 'y', { starts: [1, -3], ends: [4, 1000], axes: [1, 3] }]],
  },
  'Slice, steps': {
    opset: 10,
    inputs: image,
    tensors: { s: ints(5), e: ints(-(2 ** 53)), a: ints(3), t: ints(-2) },
    nodes: [['Slice', 'x s e a t', 'y']],
  },
  'Split, attribute': {
    opset: 11,
    inputs: image,
    nodes: [['Split', 'x', 'a y', { axis: 1, split: [1, 3] }]],
  },
  'Split, equal parts': { opset: 13, inputs: image, nodes: [['Split', 'x', 'a y', { axis: -1 }]] },
  'Pad, attributes': {
    opset: 9,
    inputs: image,
    nodes: [['Pad', 'x', 'y', { pads: [0, 0, 1, 2, 0, 0, 0, 1], value: { float: 0.5 } }]],
  },
  'Pad, cropping': {
    opset: 11,
    inputs: image,
    tensors: { p: ints(0, 0, -1, 2, 0, 0, 1, -3) },
    nodes: [['Pad', 'x p', 'y']],
  },
  'Pad, mirrored': {
    opset: 11,
    inputs: image,
    tensors: { p: ints(0, 0, 2, 1, 0, 0, 0, 3) },
    nodes: [['Pad', 'x p', 'y', { mode: 'reflect' }]],
  },
  'Pad, edge': {
    opset: 9,
    inputs: image,
    nodes: [['Pad', 'x', 'y', { pads: [0, 0, 2, 1, 0, 0, 0, 3], mode: 'edge' }]],
  },
  'Pow by an integer': { opset: 12, tensors: { e: ints(2) }, nodes: [['Pow', 'x e', 'y']] },
  'Pow by 3': { opset: 9, tensors: { e: scalar(3) }, nodes: [['Pow', 'x e', 'y']] },
  'Sum, Max, Min, Mean of several, broadcast': {
    inputs: image,
    tensors: { a: some(2, 4, 1, 1), b: some(3, 6) },
    nodes: [
      ['Sum', 'x a b', 's'],
      ['Max', 's a', 'm'],
      ['Min', 'm x s', 'n'],
      ['Mean', 'n a', 'y'],
    ],
  },
  Less: {
    inputs: image,
    tensors: { z: scalar(0) },
    nodes: [
      ['Less', 'x z', 'l'],
      ['Where', 'l x z', 'y'],
    ],
  },
  PRelu: { inputs: image, tensors: { s: some(4, 4, 1, 1) }, nodes: [['PRelu', 'x s', 'y']] },
  Selu: { nodes: [['Selu', 'x', 'y']] },
  Elu: { nodes: [['Elu', 'x', 'y', { alpha: { float: 0.7 } }]] },
  Celu: { nodes: [['Celu', 'x', 'y', { alpha: { float: 0.7 } }]] },
  Softplus: { nodes: [['Softplus', 'x', 'y']] },
  'HardSigmoid, as HardSwish until 13': { nodes: [['HardSigmoid', 'x', 'y', { alpha: { float: 1 / 6 } }]] },
  InstanceNormalization: {
    inputs: image,
    tensors: { g: some(5, 4), b: some(6, 4) },
    nodes: [['InstanceNormalization', 'x g b', 'y']],
  },
  'BatchNormalization, inference': {
    opset: 9,
    inputs: image,
    tensors: { g: some(5, 4), b: some(6, 4), m: some(7, 4), v: floats(1, 0.5, 2, 3) },
    nodes: [['BatchNormalization', 'x g b m v', 'y', { epsilon: { float: 0.01 } }]],
  },
  'LayerNormalization without bias': {
    opset: 17,
    inputs: image,
    tensors: { g: some(5, 6) },
    nodes: [['LayerNormalization', 'x g', 'y', { epsilon: { float: 0.001 } }]],
  },
  'Conv, SAME_UPPER': {
    inputs: image,
    tensors: { w: some(8, 5, 4, 3, 3) },
    nodes: [['Conv', 'x w', 'y', { auto_pad: 'SAME_UPPER', strides: [2, 2] }]],
  },
  'Conv, SAME_LOWER': {
    inputs: image,
    tensors: { w: some(8, 5, 4, 4, 2), b: some(9, 5) },
    nodes: [['Conv', 'x w b', 'y', { auto_pad: 'SAME_LOWER' }]],
  },
  'MaxPool, ceil_mode': {
    opset: 12,
    inputs: { x: [1, 2, 8, 7] },
    nodes: [['MaxPool', 'x', 'y', { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }]],
  },
  'MaxPool, VALID': {
    inputs: image,
    nodes: [['MaxPool', 'x', 'y', { kernel_shape: [2, 3], strides: [2, 2], auto_pad: 'VALID' }]],
  },
  'AveragePool, SAME_UPPER': {
    inputs: image,
    nodes: [['AveragePool', 'x', 'y', { kernel_shape: [3, 3], strides: [2, 2], auto_pad: 'SAME_UPPER' }]],
  },
  'AveragePool, ceil_mode': {
    opset: 12,
    inputs: image,
    nodes: [['AveragePool', 'x', 'y', { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }]],
  },
  GlobalMaxPool: { inputs: image, nodes: [['GlobalMaxPool', 'x', 'y']] },
  Tile: { inputs: image, tensors: { r: ints(1, 2, 1, 3) }, nodes: [['Tile', 'x r', 'y']] },
  SpaceToDepth: { inputs: image, nodes: [['SpaceToDepth', 'x', 'y', { blocksize: 2 }]] },
  'DepthToSpace, DCR': { inputs: image, nodes: [['DepthToSpace', 'x', 'y', { blocksize: 2 }]] },
  'DepthToSpace, CRD': { inputs: image, nodes: [['DepthToSpace', 'x', 'y', { blocksize: 2, mode: 'CRD' }]] },
  'Upsample, nearest': {
    opset: 9,
    inputs: image,
    tensors: { s: floats(1, 1, 2, 3) },
    nodes: [['Upsample', 'x s', 'y', { mode: 'nearest' }]],
  },
  'Resize of opset 10, linear': {
    opset: 10,
    inputs: image,
    tensors: { s: floats(1, 1, 2, 0.5) },
    nodes: [['Resize', 'x s', 'y', { mode: 'linear' }]],
  },
  'Resize, half pixel, linear': {
    opset: 13,
    inputs: image,
    tensors: { s: floats(1, 1, 2, 1.5) },
    nodes: [['Resize', 'x - s', 'y', { mode: 'linear' }]],
  },
  'Resize to a size, aligned corners': {
    opset: 13,
    inputs: image,
    tensors: { z: ints(2, 4, 9, 4) },
    nodes: [['Resize', 'x - - z', 'y', { mode: 'linear', coordinate_transformation_mode: 'align_corners' }]],
  },
  'Resize, nearest, as PyTorch': {
    opset: 11,
    inputs: image,
    tensors: { r: { dims: [0], float: [] }, s: floats(1, 1, 2, 2) },
    nodes: [['Resize', 'x r s', 'y', { coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' }]],
  },
  'Gemm without C': {
    inputs: { x: [2, 5] },
    tensors: { w: some(3, 4, 5) },
    nodes: [['Gemm', 'x w', 'y', { transB: 1 }]],
  },
  'shapes computed: Shape, Gather, Unsqueeze, Concat, Cast, Div': {
    inputs: image,
    tensors: {
      two: scalar(2),
      zero: { dims: [], int64: [0] },
      one: { dims: [], int64: [1] },
      rest: ints(-1),
      axis: ints(0),
    },
    nodes: [
      ['Shape', 'x', 's'],
      ['Gather', 's zero', 'n'],
      ['Gather', 's one', 'c'],
      ['Cast', 'c', 'cf', { to: 1 }],
      ['Div', 'cf two', 'h'],
      ['Cast', 'h', 'hi', { to: 7 }],
      ['Unsqueeze', 'n axis', 'n1'],
      ['Unsqueeze', 'hi axis', 'h1'],
      ['Concat', 'n1 h1 rest', 'target', { axis: 0 }],
      ['Reshape', 'x target', 'y'],
    ],
  },
  'shapes computed: ConstantOfShape, Equal, Where, Expand': {
    inputs: { x: [2, 1, 3] },
    tensors: { want: ints(-1, 4, -1), minus: ints(-1), n: ints(3) },
    nodes: [
      ['ConstantOfShape', 'n', 'ones', { value: { tensor: ints(1) } }],
      ['Mul', 'ones minus', 'all'],
      ['Equal', 'want all', 'same'],
      ['Where', 'same ones want', 'target'],
      ['Expand', 'x target', 'y'],
    ],
  },
  'shapes computed: Shape from 1, Slice, ReduceProd, Range, Less, Not': {
    opset: 15,
    inputs: image,
    tensors: {
      three: { dims: [], int64: [3] },
      zero: { dims: [], int64: [0] },
      one: { dims: [], int64: [1] },
      f: scalar(0),
    },
    nodes: [
      ['Shape', 'x', 's', { start: 2 }],
      ['ReduceProd', 's', 'hw', { keepdims: 0 }],
      ['Div', 'hw three', 'twelve'],
      ['Sub', 'twelve three', 'nine'],
      ['Sub', 'nine three', 'six'],
      ['Range', 'zero six one', 'r'],
      ['Less', 'r three', 'first'],
      ['Not', 'first', 'mask'],
      ['Where', 'mask x f', 'y'],
    ],
  },
  'masks computed: ScatterND': {
    inputs: { x: [2, 3, 2] },
    tensors: {
      n: ints(3, 2),
      at: { dims: [2, 1], int64: [2, 0] },
      put: { dims: [2, 2], int64: [1, 2, 3, 4] },
    },
    nodes: [
      ['ConstantOfShape', 'n', 'zeros', { value: { tensor: ints(0) } }],
      ['ScatterND', 'zeros at put', 'mask'],
      ['Cast', 'mask', 'factor', { to: 1 }],
      ['Mul', 'x factor', 'y'],
    ],
  },
  'tensors copied by Identity': {
    inputs: image,
    tensors: { a: some(2, 4, 1, 1) },
    nodes: [
      ['Identity', 'a', 'b'],
      ['Mul', 'x b', 't'],
      ['Add', 't a', 'y'],
    ],
  },
  'nodes out of order': {
    inputs: image,
    nodes: [
      ['Relu', 'a', 'y'],
      ['Neg', 'x', 'a'],
    ],
  },
};

describe('a file of any opset computes what ONNX Runtime computes with it', () => {
  for (const [name, form] of Object.entries(forms)) {
    it(name, async () => {
      const bytes = onnxFile(form);
      const { graph, outputs } = readOnnx(bytes, { batch: 2 });
      const shapes = Object.fromEntries(graph.inputs.map((input) => [input.name, input.shape]));
      const feeds = Object.fromEntries(
        Object.entries(shapes).map(([key, shape]) => [key, randoms(1, elements(shape), -2, 2)]),
      );
      const expected = await oracle(
        name === 'nodes out of order' ? onnxFile({ ...form, nodes: form.nodes.toReversed() }) : bytes,
        feeds,
        shapes,
      );
      const found = await runNative(outputs, feeds);
      assert.deepEqual([...outputs.y.shape], expected.y.dims);
      found.y.forEach((v, i) =>
        assert.ok(
          Math.abs(v - expected.y.data[i]) < 1e-5 * (1 + Math.abs(v)),
          `${v}, expected ${expected.y.data[i]} at ${i}`,
        ),
      );
    });
  }
});
