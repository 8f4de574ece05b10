import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { elements } from '../../src/graph/graph.ts';
import { readOnnx } from '../../src/graph/read-onnx.ts';
import { type FileAttribute, type FileTensor, type OnnxFile, onnxFile } from '../support/onnx-file.ts';
import { randoms } from '../support/random.ts';
import { runNative } from '../support/run-native.ts';

// biome-ignore lint/suspicious/noExplicitAny: the oracle is an optional module, loaded without its types.
const ort: any = await import('onnxruntime-node');

const ints = (...int64: number[]): FileTensor => ({ dims: [int64.length], int64 });
const scalar = (value: number): FileTensor => ({ dims: [], float: [value] });
const floats = (...float: number[]): FileTensor => ({ dims: [float.length], float });
const some = (seed: number, ...dims: number[]): FileTensor => ({ dims, float: [...randoms(seed, elements(dims))] });
const image = { x: [2, 4, 6, 6] };
const signal = { x: [2, 4, 9] };

/** Resize in each way that files ask for. */
function resizeForms(): Record<string, OnnxFile> {
  const sized = (attributes: Record<string, FileAttribute>, sizes: number[], opset = 18): OnnxFile => ({
    opset,
    inputs: image,
    tensors: { z: ints(...sizes) },
    nodes: [['Resize', 'x - - z', 'y', attributes]],
  });
  const whole = [2, 4, 9, 4];
  return {
    'Resize, cubic': sized({ mode: 'cubic' }, whole),
    'Resize, cubic, inside the image': sized(
      { mode: 'cubic', exclude_outside: 1, cubic_coeff_a: { float: -0.5 } },
      whole,
    ),
    'Resize, antialiased': sized({ mode: 'linear', antialias: 1 }, [2, 4, 3, 4]),
    'Resize, cubic, antialiased': sized({ mode: 'cubic', antialias: 1 }, [2, 4, 3, 4]),
    'Resize of some axes': sized({ mode: 'linear', axes: [3, 2] }, [9, 4]),
    'Resize, keeping the form': sized({ mode: 'linear', axes: [2, 3], keep_aspect_ratio_policy: 'not_larger' }, [9, 4]),
    'Resize, symmetric': sized(
      { mode: 'linear', coordinate_transformation_mode: 'half_pixel_symmetric' },
      [2, 4, 9, 5],
      19,
    ),
    'Resize, nearest, rounded up': sized({ nearest_mode: 'ceil', coordinate_transformation_mode: 'asymmetric' }, whole),
    'Resize by shares that are a whole number in float32 alone': {
      inputs: { x: [1, 1, 3, 10] },
      tensors: { s: floats(1, 1, 5 / 3, 0.7) },
      nodes: [['Resize', 'x - s', 'y', { mode: 'linear' }]],
    },
    'Resize to places that are a whole number in float32 alone': {
      inputs: { x: [1, 1, 11, 33] },
      tensors: { s: floats(1, 1, 1.1, 1.1) },
      nodes: [['Resize', 'x - s', 'y', { coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' }]],
    },
    'Resize of opset 11, nearest, as tf2onnx writes UpSampling2D': {
      opset: 11,
      inputs: image,
      tensors: { r: { dims: [0], float: [] }, s: floats(1, 1, 2, 3) },
      nodes: [
        ['Resize', 'x r s', 'y', { coordinate_transformation_mode: 'tf_half_pixel_for_nn', nearest_mode: 'floor' }],
      ],
    },
    'Resize of a region': {
      opset: 13,
      inputs: image,
      tensors: { r: floats(0, 0, 0.2, 0.1, 1, 1, 0.9, 1), z: ints(2, 4, 4, 7) },
      nodes: [['Resize', 'x r - z', 'y', { mode: 'linear', coordinate_transformation_mode: 'tf_crop_and_resize' }]],
    },
  };
}

/** Attention in each way that files ask for. */
function attentionForms(): Record<string, OnnxFile> {
  const of = (
    inputs: Record<string, readonly number[]>,
    attributes: Record<string, FileAttribute>,
    tensors: Record<string, FileTensor> = {},
    outputs = 'y',
  ): OnnxFile => ({
    opset: 23,
    inputs,
    tensors,
    nodes: [['Attention', ['q k v', ...Object.keys(tensors)].join(' '), outputs, attributes]],
    outputs,
  });
  const byHead = { q: [2, 4, 3, 6], k: [2, 4, 5, 6], v: [2, 4, 5, 2] };
  const shared = { ...byHead, k: [2, 2, 5, 6], v: [2, 2, 5, 2] };
  const flat = { q: [2, 3, 24], k: [2, 5, 24], v: [2, 5, 8] };
  const heads = { q_num_heads: 4, kv_num_heads: 4 };
  const seen: FileTensor = { dims: [3, 5], bool: [1, 0, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1] };
  const low = [0, -1, 0.5, Number.NEGATIVE_INFINITY, 0.25];
  return {
    Attention: of(byHead, {}),
    'Attention, scaled': of(byHead, { scale: { float: 0.3 } }),
    'Attention of heads side by side': of(flat, heads),
    'Attention of tokens before': of({ ...byHead, q: [2, 4, 5, 6] }, { is_causal: 1 }),
    'Attention of tokens before, of fewer': of(byHead, { is_causal: 1 }),
    'Attention, a mask of floats': of(byHead, {}, { mask: { dims: [1, 1, 3, 5], float: [...low, ...low, ...low] } }),
    'Attention, a mask of conditions': of(flat, heads, { mask: seen }),
    'Attention with shared keys': of(shared, {}, { mask: some(5, 4, 3, 5) }),
    'Attention with shared keys, heads side by side': of(
      { ...flat, k: [2, 5, 12], v: [2, 5, 4] },
      { q_num_heads: 4, kv_num_heads: 2 },
    ),
    'Attention, all outputs': of(flat, heads, {}, 'y keys values scores'),
  };
}

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
  'AveragePool of a window larger than the image, as in EfficientNet of Hugging Face': {
    opset: 20,
    inputs: image,
    nodes: [
      [
        'AveragePool',
        'x',
        'y',
        { kernel_shape: [1280, 1280], strides: [1280, 1280], pads: [0, 0, 0, 0], ceil_mode: 1, count_include_pad: 1 },
      ],
    ],
  },
  'AveragePool of the image, padding counted': {
    inputs: image,
    nodes: [['AveragePool', 'x', 'y', { kernel_shape: [8, 9], pads: [1, 2, 1, 1], count_include_pad: 1 }]],
  },
  'AveragePool of the image, padding not counted': {
    inputs: image,
    nodes: [['AveragePool', 'x', 'y', { kernel_shape: [8, 9], pads: [1, 2, 1, 1] }]],
  },
  'AveragePool of the rows of an image': {
    inputs: image,
    nodes: [['AveragePool', 'x', 'y', { kernel_shape: [6, 5] }]],
  },
  'Conv of signals': {
    inputs: signal,
    tensors: { w: some(8, 6, 2, 3), b: some(9, 6) },
    nodes: [['Conv', 'x w b', 'y', { kernel_shape: [3], strides: [2], pads: [1, 2], dilations: [2], group: 2 }]],
  },
  'Conv of signals, SAME_UPPER': {
    inputs: signal,
    tensors: { w: some(8, 5, 4, 4) },
    nodes: [['Conv', 'x w', 'y', { auto_pad: 'SAME_UPPER', strides: [2] }]],
  },
  'ConvTranspose of signals': {
    inputs: signal,
    tensors: { w: some(8, 4, 2, 3) },
    nodes: [['ConvTranspose', 'x w', 'y', { strides: [2], pads: [1, 0], output_padding: [1] }]],
  },
  'ConvTranspose of signals, output_shape': {
    inputs: signal,
    tensors: { w: some(8, 4, 2, 3) },
    nodes: [['ConvTranspose', 'x w', 'y', { output_shape: [18], strides: [2] }]],
  },
  'pools of signals': {
    opset: 12,
    inputs: signal,
    nodes: [
      ['MaxPool', 'x', 'm', { kernel_shape: [2], strides: [2], ceil_mode: 1 }],
      ['AveragePool', 'm', 'a', { kernel_shape: [3], pads: [1, 1], count_include_pad: 1 }],
      ['LpPool', 'a', 'y', { kernel_shape: [2] }],
    ],
  },
  'AveragePool of the signal': { inputs: signal, nodes: [['AveragePool', 'x', 'y', { kernel_shape: [9] }]] },
  ...attentionForms(),
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
  'Gelu, exact': { opset: 20, nodes: [['Gelu', 'x', 'y']] },
  'Gelu, by tanh': { opset: 20, nodes: [['Gelu', 'x', 'y', { approximate: 'tanh' }]] },
  Mish: { opset: 18, nodes: [['Mish', 'x', 'y']] },
  Softsign: { nodes: [['Softsign', 'x', 'y']] },
  ThresholdedRelu: { nodes: [['ThresholdedRelu', 'x', 'y', { alpha: { float: 0.4 } }]] },
  Shrink: { nodes: [['Shrink', 'x', 'y', { lambd: { float: 0.4 }, bias: { float: 0.1 } }]] },
  'Sin, Cos': {
    nodes: [
      ['Sin', 'x', 's'],
      ['Cos', 's', 'y'],
    ],
  },
  'Floor, Ceil, Round': {
    tensors: { k: scalar(1.5) },
    nodes: [
      ['Floor', 'x', 'f'],
      ['Mul', 'x k', 'm'],
      ['Ceil', 'm', 'c'],
      ['Round', 'm', 'r'],
      ['Sum', 'f c r', 'y'],
    ],
  },
  'GroupNormalization, γ of a group': {
    opset: 18,
    inputs: image,
    tensors: { g: some(5, 2), b: some(6, 2) },
    nodes: [['GroupNormalization', 'x g b', 'y', { num_groups: 2, epsilon: { float: 0.01 } }]],
  },
  'GroupNormalization, γ of a channel': {
    opset: 21,
    inputs: image,
    tensors: { g: some(5, 4), b: some(6, 4) },
    nodes: [['GroupNormalization', 'x g b', 'y', { num_groups: 2 }]],
  },
  RMSNormalization: {
    opset: 23,
    inputs: image,
    tensors: { g: some(5, 6) },
    nodes: [['RMSNormalization', 'x g', 'y', { epsilon: { float: 0.01 } }]],
  },
  'LpNormalization by 2': { inputs: image, nodes: [['LpNormalization', 'x', 'y', { axis: 1 }]] },
  'LpNormalization by 1': { inputs: image, nodes: [['LpNormalization', 'x', 'y', { p: 1 }]] },
  LpPool: {
    inputs: image,
    nodes: [['LpPool', 'x', 'y', { kernel_shape: [3, 2], strides: [2, 2], pads: [1, 0, 1, 0] }]],
  },
  'GlobalLpPool by 3': { inputs: image, nodes: [['GlobalLpPool', 'x', 'y', { p: 3 }]] },
  LRN: {
    inputs: image,
    nodes: [['LRN', 'x', 'y', { size: 3, alpha: { float: 0.5 }, bias: { float: 2 } }]],
  },
  'Einsum, a product of matrices in stacks': {
    inputs: image,
    tensors: { w: some(3, 2, 4, 6, 5) },
    nodes: [['Einsum', 'x w', 'y', { equation: 'bhij,bhjk->bihk' }]],
  },
  'Einsum, contracted channels': {
    inputs: image,
    tensors: { w: some(3, 5, 4) },
    nodes: [['Einsum', 'x w', 'y', { equation: 'bchw,oc->bohw' }]],
  },
  'Einsum of three, with an ellipsis': {
    inputs: image,
    tensors: { a: some(3, 6, 5), b: some(4, 5) },
    nodes: [['Einsum', 'x a b', 'y', { equation: '...i,ij,j->...' }]],
  },
  'Einsum of one': { inputs: image, nodes: [['Einsum', 'x', 'y', { equation: 'bchw->wb' }]] },
  'Reductions, axes as an input': {
    opset: 18,
    inputs: image,
    tensors: { a: ints(2, -1) },
    nodes: [
      ['ReduceMean', 'x a', 'm'],
      ['ReduceMax', 'x a', 'n'],
      ['ReduceL2', 'x a', 'l'],
      ['ReduceLogSumExp', 'x a', 'e'],
      ['Sum', 'm n l e', 'y'],
    ],
  },
  'IsNaN, of logarithms and of numbers': {
    opset: 20,
    inputs: image,
    tensors: { z: scalar(0) },
    nodes: [
      ['Log', 'x', 'l'],
      ['IsNaN', 'l', 'n'],
      ['Where', 'n z l', 'c'],
      ['IsNaN', 'x', 'm'],
      ['Where', 'm z c', 'y'],
    ],
  },
  'GreaterOrEqual, Not': {
    inputs: image,
    tensors: { z: scalar(0) },
    nodes: [
      ['GreaterOrEqual', 'x z', 'g'],
      ['Not', 'g', 'n'],
      ['Where', 'n x z', 'y'],
    ],
  },
  'Slice to the largest int64': {
    opset: 9,
    inputs: image,
    nodes: [['Slice', 'x', 'y', { starts: [2], ends: [Number.MAX_SAFE_INTEGER], axes: [2] }]],
  },
  'Slice, axes left out': {
    inputs: image,
    tensors: { s: ints(0, 3), e: ints(2, 1), t: ints(1, -1) },
    nodes: [['Slice', 'x s e - t', 'y']],
  },
  'Split by a number of parts': {
    opset: 18,
    inputs: image,
    nodes: [['Split', 'x', 'a y', { axis: 3, num_outputs: 2 }]],
  },
  'Pad of some axes': {
    opset: 18,
    inputs: image,
    tensors: { p: ints(1, 0, 2, -1), v: scalar(0.5), a: ints(3, -2) },
    nodes: [['Pad', 'x p v a', 'y']],
  },
  'Pad, wrapped': {
    opset: 19,
    inputs: image,
    tensors: { p: ints(0, 0, 2, 1, 0, 0, 0, 3) },
    nodes: [['Pad', 'x p', 'y', { mode: 'wrap' }]],
  },
  'AveragePool, ceil_mode with padding counted': {
    opset: 19,
    inputs: image,
    nodes: [
      [
        'AveragePool',
        'x',
        'y',
        { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], ceil_mode: 1, count_include_pad: 1 },
      ],
    ],
  },
  'AveragePool, dilated': {
    opset: 19,
    inputs: image,
    nodes: [['AveragePool', 'x', 'y', { kernel_shape: [2, 3], dilations: [2, 1], pads: [1, 1, 0, 1] }]],
  },
  'ConvTranspose, SAME_UPPER': {
    inputs: image,
    tensors: { w: some(8, 4, 2, 3, 3) },
    nodes: [['ConvTranspose', 'x w', 'y', { auto_pad: 'SAME_UPPER', strides: [2, 2] }]],
  },
  'ConvTranspose, output_shape': {
    inputs: image,
    tensors: { w: some(8, 4, 2, 3, 3) },
    nodes: [['ConvTranspose', 'x w', 'y', { output_shape: [12, 11], strides: [2, 2] }]],
  },
  'Upsample of opset 8': {
    opset: 8,
    inputs: image,
    nodes: [['Upsample', 'x', 'y', { scales: { floats: [1, 1, 2, 3] } }]],
  },
  'BatchNormalization of opset 7': {
    opset: 7,
    inputs: image,
    tensors: { g: some(5, 4), b: some(6, 4), m: some(7, 4), v: floats(1, 0.5, 2, 3) },
    nodes: [['BatchNormalization', 'x g b m v', 'y', { spatial: 1 }]],
  },
  ...resizeForms(),
  'If on a shape': {
    inputs: image,
    tensors: { axis: ints(1), four: ints(4), k: some(2, 4, 1, 1) },
    nodes: [
      ['Shape', 'x', 's'],
      ['Gather', 's axis', 'c'],
      ['Equal', 'c four', 'cond'],
      [
        'If',
        'cond',
        'i',
        {
          then_branch: { graph: { nodes: [['Mul', 'x k', 't']], outputs: 't' } },
          else_branch: { graph: { nodes: [['Neg', 'x', 'e']], outputs: 'e' } },
        },
      ],
      ['Relu', 'i', 'y'],
    ],
  },
  'shapes computed in floats: Cast, Mul, Floor, Concat as sizes': {
    opset: 18,
    inputs: image,
    tensors: { two: ints(2), four: ints(4), half: floats(1.5, 2.5), axis: ints(0), zero: ints(0) },
    nodes: [
      ['Shape', 'x', 's'],
      ['Slice', 's two four axis', 'hw'],
      ['Cast', 'hw', 'f', { to: 1 }],
      ['Mul', 'f half', 'g'],
      ['Floor', 'g', 'h'],
      ['Cast', 'h', 'wanted', { to: 7 }],
      ['Slice', 's zero two axis', 'nc'],
      ['Concat', 'nc wanted', 'sizes', { axis: 0 }],
      ['Resize', 'x - - sizes', 'y', { mode: 'linear' }],
    ],
  },
  'weights quantised, per channel': {
    inputs: image,
    tensors: {
      q: { dims: [2, 4, 1, 1], int8: [-3, 7, 100, -128, 5, 6, 0, 1] },
      s: floats(0.1, 0.02),
      z: { dims: [2], int8: [1, -2] },
    },
    nodes: [
      ['DequantizeLinear', 'q s z', 'w', { axis: 0 }],
      ['Conv', 'x w', 'y'],
    ],
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
      for (const [key, { shape }] of Object.entries(outputs)) {
        assert.deepEqual([...shape], expected[key].dims);
        found[key].forEach((v, i) =>
          assert.ok(
            Math.abs(v - expected[key].data[i]) < 1e-5 * (1 + Math.abs(v)),
            `${key}: ${v}, expected ${expected[key].data[i]} at ${i}`,
          ),
        );
      }
    });
  }
});
