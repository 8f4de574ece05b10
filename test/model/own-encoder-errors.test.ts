import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ModelProto } from 'onnx-buf';
import { gradients } from '../../src/graph/gradients.ts';
import { createGraph } from '../../src/graph/ops/index.ts';
import { readOnnx } from '../../src/graph/read-onnx.ts';
import { BagsslError, type ErrorCode } from '../../src/index.ts';
import { allEncoderKinds } from '../../src/model/all-encoder-kinds.ts';
import { checkModel, type ModelConfig } from '../../src/model/config.ts';
import { describeModel } from '../../src/model/describe.ts';
import { encode, encoderWidth } from '../../src/model/encoder.ts';
import type { OnnxConfig } from '../../src/model/encoders/onnx.ts';
import { projectors } from '../../src/model/projector.ts';
import { Scope } from '../../src/model/scope.ts';
import { runConfig } from '../../src/train.ts';
import { type OnnxFile, onnxFile } from '../support/onnx-file.ts';

const encoderOf = (model: Uint8Array, more: Partial<OnnxConfig> = {}): OnnxConfig => ({
  kind: 'onnx',
  model,
  batchNorm: 'train',
  ...more,
});
const modelOf = (model: Uint8Array, more?: Partial<OnnxConfig>): ModelConfig => ({
  encoder: encoderOf(model, more),
  projector: projectors.compact,
});

/** Three convolved channels, pooled: what the cases below break. */
const sound: OnnxFile = {
  tensors: { w: { dims: [5, 3, 3, 3], float: Array.from({ length: 135 }, (_, i) => (i % 7) - 3) } },
  nodes: [
    ['Conv', 'x w', 'c'],
    ['Relu', 'c', 'r'],
    ['GlobalAveragePool', 'r', 'g'],
    ['Flatten', 'g', 'y'],
  ],
};
const { nodes } = sound;
const ints = (...int64: number[]) => ({ dims: [int64.length], int64 });
const edited = (edit: (model: ModelProto) => void) => onnxFile(sound, edit);

const cases: Record<string, [bytes: Uint8Array, code: ErrorCode, message: RegExp, more?: Partial<OnnxConfig>]> = {
  'shapes that do not fit': [
    onnxFile({ ...sound, tensors: { w: { dims: [5, 4, 3, 3], float: new Array(180).fill(0) } } }),
    'shape-mismatch',
    /^Conv "the Conv of c" \(node 1 of 4, from "x", "w" to "c"\): Conv: "patches" \[1,3,8,8\] and "encoder\.w" \[5,4,3,3\] have different channels at group 1\.$/,
  ],
  'weights of the wrong shape for their kernel': [
    onnxFile({ ...sound, nodes: [['Conv', 'x w', 'c', { kernel_shape: [5, 5] }], ...nodes.slice(1)] }),
    'shape-mismatch',
    /"encoder\.w" \[5,3,3,3\] does not fit kernel_shape \[5,5\]/,
  ],
  'batch norm of other channels': [
    onnxFile({
      tensors: { g: { dims: [3], float: [1, 1, 1] }, v: { dims: [4], float: [1, 1, 1, 1] } },
      nodes: [
        ['BatchNormalization', 'x g g g v', 'b'],
        ['GlobalAveragePool', 'b', 'y'],
      ],
    }),
    'shape-mismatch',
    /BatchNormalization: "patches" \[1,3,8,8\] and "v" \[4\] differ in channels/,
  ],
  'an unknown operator': [
    onnxFile({ ...sound, nodes: [nodes[0], ['Frobnicate', 'c', 'r'], ...nodes.slice(2)] }),
    'unsupported-operator',
    /^Frobnicate "the Frobnicate of r" \(node 2 of 4, from "c" to "r"\): there is no gradient rule for Frobnicate\. Supported are .*Conv.*; end the network before it/,
  ],
  'an operator of another domain': [
    edited((m) => {
      m.graph!.node[1].domain = 'com.microsoft';
    }),
    'unsupported-operator',
    /node 2 of 4.*domain "com\.microsoft"/,
  ],
  'control flow': [
    onnxFile({ ...sound, nodes: [nodes[0], ['If', 'c', 'r'], ...nodes.slice(2)] }),
    'unsupported-operator',
    /If "the If of r".*no gradient rule for If/,
  ],
  'a cycle': [
    onnxFile({
      ...sound,
      nodes: [
        ['Add', 'x b', 'a'],
        ['Relu', 'a', 'b'],
        ['GlobalAveragePool', 'b', 'y'],
      ],
    }),
    'bad-model',
    /^The graph has a cycle: Relu .*\(node 2 of 3, from "a" to "b"\) reads from Add .*\(node 1 of 3, .*\) reads from the first\.$/,
  ],
  'a node that reads its own output': [
    onnxFile({ ...sound, nodes: [['Add', 'x y', 'y']] }),
    'bad-model',
    /The graph has a cycle: Add .* reads from the first/,
  ],
  'a value that nobody provides': [
    onnxFile({ ...sound, nodes: [['Relu', 'ghost', 'y']] }),
    'bad-model',
    /^Relu .* reads "ghost", which neither the file nor any node provides/,
  ],
  'a dynamic axis that is not the batch': [
    onnxFile({ ...sound, inputs: { x: ['batch', 3, 'height', 'width'] } }),
    'bad-argument',
    /input "x" is float32 \[batch,3,height,width\], so it takes images of any size: say which with size/,
  ],
  'sides of -1 and 0, which are open': [
    onnxFile({ ...sound, inputs: { x: [-1, 3, 0, -1] } }),
    'bad-argument',
    /input "x" is float32 \[\?,3,\?,\?\], so it takes images of any size: say which with size/,
  ],
  'no images as input': [
    onnxFile({ ...sound, inputs: { x: ['batch', 5, 28, 28] } }),
    'shape-mismatch',
    /input "x" is float32 \[batch,5,28,28\]; an encoder takes images: float32 or uint8 \[batch,3,size,size\]/,
  ],
  'two inputs': [
    onnxFile({
      ...sound,
      inputs: { x: ['n', 3, 8, 8], mask: ['n', 5] },
      nodes: [...sound.nodes.slice(0, 3), ['Flatten', 'g', 'f'], ['Mul', 'f mask', 'y']],
    }),
    'bad-model',
    /one input, the images; "y" of the \.onnx file has 2: "x", "mask"/,
  ],
  'patches of another size': [
    onnxFile({ ...sound, inputs: { x: ['n', 3, 32, 32] } }),
    'shape-mismatch',
    /takes images \[n,3,32,32\], but the patches are \[batch,3,8,8\]; set the recipe's size to 32/,
  ],
  'an output that is no vector': [
    onnxFile({ tensors: { t: ints(0, 3, 4, 4, 4) }, nodes: [['Reshape', 'x t', 'y']] }),
    'shape-mismatch',
    /"y" is float32 \[1,3,4,4,4\] for 1 patches; an encoder gives float32 \[1,width\]/,
  ],
  'an output that is not there': [onnxFile(sound), 'bad-model', /promises an output "z"/, { output: 'z' }],
  'a batch norm that is neither': [
    onnxFile(sound),
    'bad-argument',
    /\(onnx\): batchNorm must be one of train, frozen, got "loose"/,
    { batchNorm: 'loose' as 'train' },
  ],
  'a newer opset': [
    onnxFile({ ...sound, opset: 24 }),
    'bad-model',
    /opset 24; supported are 7 to 23\. Export it with opset_version=20/,
  ],
  'an older opset': [onnxFile({ ...sound, opset: 6 }), 'bad-model', /opset 6; supported are 7 to 23/],
  'no opset': [
    edited((m) => {
      m.opsetImport = [];
    }),
    'bad-model',
    /opset none/,
  ],
  'a file cut off': [onnxFile(sound).slice(0, 300), 'bad-model', /Not an ONNX file, or a truncated one \(300 bytes\)/],
  'no .onnx file': [new TextEncoder().encode('PK zip archive'), 'bad-model', /Not an ONNX file/],
  'a file that is empty': [new Uint8Array(0), 'bad-model', /\(0 bytes\) holds no graph/],
  'weights in another file': [
    edited((m) => {
      const tensor = m.graph!.initializer[0];
      tensor.dataLocation = 1;
      tensor.floatData = [];
      tensor.externalData = [{ $typeName: 'onnx.StringStringEntryProto', key: 'location', value: '../../etc/passwd' }];
    }),
    'bad-model',
    /tensor "w" keeps its data in another file, "..\/..\/etc\/passwd", which was not given: withExternalData puts it in/,
  ],
  'a tensor of huge extents': [
    edited((m) => {
      m.graph!.initializer[0].dims = [1n << 40n, 1n << 40n];
    }),
    'bad-model',
    /tensor "w" of shape \[1099511627776,1099511627776\] holds 135 elements, not 1\.2/,
  ],
  'a tensor of negative extents': [
    edited((m) => {
      m.graph!.initializer[0].dims = [-5n, -3n, 3n, 3n];
    }),
    'bad-model',
    /tensor "w" has a negative extent in \[-5,-3,3,3\]/,
  ],
  'a tensor with too few bytes': [
    edited((m) => {
      m.graph!.initializer[0].floatData = [];
      m.graph!.initializer[0].rawData = new Uint8Array(539);
    }),
    'bad-model',
    /tensor "w" of shape \[5,3,3,3\] holds 539 bytes, not 540/,
  ],
  'a tensor of strings': [
    edited((m) => {
      m.graph!.initializer[0].dataType = 8;
    }),
    'bad-model',
    /tensor "w" has ONNX type 8, which is not supported; export float32/,
  ],
  'an attribute that is not understood': [
    onnxFile({ ...sound, nodes: [['Conv', 'x w', 'c', { padding_mode: 'reflect' }], ...nodes.slice(1)] }),
    'unsupported-operator',
    /^Conv "the Conv of c".*: Conv with the attribute "padding_mode" is not supported/,
  ],
  'two tensors of one name': [
    edited((m) => {
      m.graph!.initializer.push(m.graph!.initializer[0]);
    }),
    'bad-model',
    /The tensor "w" appears twice/,
  ],
  'two nodes that make one value': [
    onnxFile({ ...sound, nodes: [...nodes, ['Neg', 'x', 'r']] }),
    'bad-model',
    /Neg "the Neg of r" \(node 5 of 5, from "x" to "r"\): its output "r" appears twice/,
  ],
  'a constant of huge shape': [
    onnxFile({
      tensors: { n: ints(1 << 20, 1 << 20, 1 << 10) },
      nodes: [
        ['ConstantOfShape', 'n', 'huge'],
        ['Add', 'x huge', 'y'],
      ],
    }),
    'bad-model',
    /ConstantOfShape .*constants of more than 4194304 elements/,
  ],
  'a range without end': [
    onnxFile({
      tensors: { a: { dims: [], float: [0] }, b: { dims: [], float: [1e30] } },
      nodes: [
        ['Range', 'a b a', 'r'],
        ['Add', 'x r', 'y'],
      ],
    }),
    'shape-mismatch',
    /Range: .*has no end/,
  ],
  'many constants that together are huge': [
    onnxFile({
      tensors: { n: ints(1 << 20) },
      nodes: [
        ...Array.from({ length: 6 }, (_, k) => ['ConstantOfShape', 'n', `c${k}`] as const),
        ['Concat', 'c0 c1 c2 c3 c4 c5', 'y', { axis: 0 }],
      ],
    }),
    'bad-model',
    /constants of more than 4194304 elements/,
  ],
  'a value of huge shape': [
    onnxFile({ tensors: { p: ints(0, 0, 1 << 30, 1 << 30, 0, 0, 0, 0) }, nodes: [['Pad', 'x p', 'y']] }),
    'bad-model',
    /Pad .*its output "y" has the shape \[1,3,1073741832,1073741832\]; from 1 to 67108864 elements/,
  ],
  'a value repeated without end': [
    onnxFile({ tensors: { n: ints(1, 1 << 30, 1, 1) }, nodes: [['Tile', 'x n', 'y']] }),
    'bad-model',
    /Tile .*its output "y" has the shape/,
  ],
  'a value of many axes': [
    onnxFile({ tensors: { a: ints(...Array.from({ length: 500 }, (_, i) => i)) }, nodes: [['Unsqueeze', 'x a', 'y']] }),
    'bad-model',
    /up to 8 axes are supported/,
  ],
  'an image resized without end': [
    onnxFile({
      tensors: { s: { dims: [4], float: [1, 1, 1e9, 1e9] } },
      nodes: [['Resize', 'x - s', 'y']],
    }),
    'shape-mismatch',
    /cannot be resized to 8000000000/,
  ],
  'a window without end': [
    onnxFile({
      ...sound,
      nodes: [['MaxPool', 'x', 'y', { kernel_shape: [1 << 20, 1], pads: [1 << 19, 0, 1 << 19, 0] }]],
    }),
    'bad-model',
    /MaxPool .*a kernel of 1048576; from 1 to 1024/,
  ],
  'attention that continues': [
    onnxFile({ ...sound, opset: 23, nodes: [['Attention', 'x x x - x x', 'y a b']] }),
    'unsupported-operator',
    /Attention "the Attention of y".*: Attention with past keys or a softcap is not supported/,
  ],
  'attention with a softcap': [
    onnxFile({ ...sound, opset: 23, nodes: [['Attention', 'x x x', 'y', { softcap: { float: 50 } }]] }),
    'unsupported-operator',
    /Attention with past keys or a softcap is not supported/,
  ],
  'attention whose scores are asked for after the softmax': [
    onnxFile({ ...sound, opset: 23, nodes: [['Attention', 'x x x', 'y a b c', { qk_matmul_output_mode: 3 }]] }),
    'unsupported-operator',
    /Attention with the attribute "qk_matmul_output_mode" is not supported/,
  ],
  'attention of heads that no width holds': [
    onnxFile({
      ...sound,
      opset: 23,
      tensors: { s: ints(0, 3, 64) },
      nodes: [
        ['Reshape', 'x s', 'r'],
        ['Attention', 'r r r', 'y', { q_num_heads: 7, kv_num_heads: 7 }],
      ],
    }),
    'shape-mismatch',
    /Attention: "Reshape.*" \[1,3,64\] has no 7 equal heads/,
  ],
  'strides of two axes for a signal': [
    onnxFile({
      ...sound,
      tensors: { s: ints(0, 3, 64), w: { dims: [5, 3, 3], float: new Array(45).fill(1) } },
      nodes: [
        ['Reshape', 'x s', 'r'],
        ['Conv', 'r w', 'y', { strides: [1, 2] }],
      ],
    }),
    'shape-mismatch',
    /Conv: "Reshape.*" \[1,3,64\] does not fit strides \[1,2\]/,
  ],
  'a stride of 0': [
    onnxFile({ ...sound, nodes: [['Conv', 'x w', 'c', { strides: [0, 1] }], ...nodes.slice(1)] }),
    'bad-model',
    /Conv .*a stride of 0; from 1/,
  ],
  'a shape that depends on the images': [
    onnxFile({
      nodes: [
        ['Cast', 'x', 'n', { to: 7 }],
        ['Reshape', 'x n', 'y'],
      ],
    }),
    'bad-model',
    /Reshape needs "Cast.*" to be a constant: shapes in a graph are static/,
  ],
};

describe('an .onnx encoder that cannot be built is refused, naming the place and what to do', () => {
  for (const [name, [bytes, code, message, more]] of Object.entries(cases)) {
    it(name, () =>
      assert.throws(
        () => checkModel(modelOf(bytes, more), 8, allEncoderKinds),
        (error) => {
          assert.ok(error instanceof BagsslError, `${(error as Error)?.stack}`);
          assert.equal(error.code, code, error.message);
          assert.match(error.message, message);
          return true;
        },
      ),
    );
  }

  it('a file whose nodes need the batch it was made for', () => {
    const fixed = onnxFile({
      inputs: { x: [4, 3, 8, 8] },
      tensors: { t: ints(4, 192), last: ints(3) },
      nodes: [
        ['Reshape', 'x t', 'r'],
        ['Gather', 'r last', 'g', { axis: 0 }],
        ['Add', 'r g', 'y'],
      ],
    });
    assert.throws(
      () => describeModel(modelOf(fixed), 8),
      (error) =>
        error instanceof BagsslError &&
        error.code === 'shape-mismatch' &&
        /made for a batch of 4 and does not take one of 1; export it with an open batch axis.*Gather: .* has no element 3/.test(
          error.message,
        ),
    );
  });

  it('a node whose gradient would be out of all proportion, when it is asked for', () => {
    const many = Array.from({ length: 8192 }, (_, i) => (i * 7) % 8191);
    const file = onnxFile({
      inputs: { x: [8191] },
      tensors: { many: ints(...many) },
      nodes: [
        ['Gather', 'x many', 'g'],
        ['ReduceSum', 'g', 'y', { keepdims: 0 }],
      ],
    });
    const { graph, outputs } = readOnnx(file);
    assert.throws(
      () => gradients(outputs.y, graph.inputs),
      (error) =>
        error instanceof BagsslError &&
        error.code === 'shape-mismatch' &&
        /^Gather "the Gather of g" \(node 1 of 2.*"x" \[8191\] is too large for the gradient of 8192 places/.test(
          error.message,
        ),
    );
  });

  it('a model that is no bytes', () => {
    const model = modelOf('encoder.onnx' as unknown as Uint8Array);
    assert.throws(
      () => runConfig({ budget: { steps: 1 }, model }),
      /model must be bytes, as a Uint8Array, got "encoder.onnx"/,
    );
  });
});

describe('an .onnx encoder', () => {
  it('may be cut off before what is not supported', () => {
    const tail = onnxFile({ ...sound, nodes: [...nodes.slice(0, 3), ['Frobnicate', 'g', 'y']] });
    const config = modelOf(tail, { output: 'r' });
    assert.equal(encoderWidth(checkModel(config, 8, allEncoderKinds).encoder, allEncoderKinds), 5);
    assert.deepEqual(describeModel(config, 8).encoder, { tensors: 1, parameters: 135, multiplyAdds: 135 * 36 });
  });

  it('keeps what is learnt and what is averaged apart where the file has one tensor for both', () => {
    const shared = onnxFile({
      tensors: { one: { dims: [3], float: [1, 1, 1] }, zero: { dims: [3], float: [0, 0, 0] } },
      nodes: [
        ['BatchNormalization', 'x one zero zero one', 'a'],
        ['BatchNormalization', 'a one zero zero one', 'b'],
        ['GlobalAveragePool', 'b', 'y'],
      ],
    });
    const scope = new Scope(createGraph());
    encode(scope, encoderOf(shared), scope.graph.input('patches', [4, 3, 8, 8]), allEncoderKinds);
    const names = (list: readonly { spec: { name: string } }[]) => list.map(({ spec }) => spec.name);
    assert.deepEqual(names(scope.parameters), ['encoder.one', 'encoder.zero']);
    assert.deepEqual(names(scope.statistics), ['encoder.zero.2', 'encoder.one.2', 'encoder.zero.3', 'encoder.one.3']);
    const frozen = new Scope(createGraph());
    encode(
      frozen,
      encoderOf(shared, { batchNorm: 'frozen' }),
      frozen.graph.input('patches', [4, 3, 8, 8]),
      allEncoderKinds,
    );
    assert.deepEqual([frozen.parameters.length, frozen.statistics.length], [2, 0]);
  });

  it('with bytes changed or cut off quickly gives our errors or a network, never another exception', () => {
    for (const file of ['plain-opset11', 'plain-opset9', 'vit-opset17']) {
      const whole = new Uint8Array(readFileSync(`test/golden/own-encoders/${file}.onnx`));
      const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
      fc.assert(
        fc.property(fc.nat(whole.length), fc.boolean(), fc.array(change, { maxLength: 8 }), (length, cut, changes) => {
          const bytes = whole.slice(0, cut ? length : whole.length);
          for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
          try {
            checkModel(modelOf(bytes), 16, allEncoderKinds);
          } catch (error) {
            if (!(error instanceof BagsslError)) throw error;
          }
        }),
        { numRuns: 300, seed: 7 },
      );
    }
  });
});
