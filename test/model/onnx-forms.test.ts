import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { FunctionProtoSchema, NodeProtoSchema } from 'onnx-buf';
import { modelOfAnyBatch } from '../../src/graph/any-batch.ts';
import { elements } from '../../src/graph/graph.ts';
import { createGraph } from '../../src/graph/ops/index.ts';
import { writeModel } from '../../src/graph/write-onnx.ts';
import { BagsslError } from '../../src/index.ts';
import { allEncoderKinds } from '../../src/model/all-encoder-kinds.ts';
import { type OnnxConfig, onnx } from '../../src/model/encoders/onnx.ts';
import { Scope } from '../../src/model/scope.ts';
import { checkTrainable } from '../../src/model/trainable.ts';
import { type FileTensor, type OnnxFile, onnxFile } from '../support/onnx-file.ts';
import { randoms } from '../support/random.ts';
import { reading } from '../support/wild-encoders.ts';

// biome-ignore lint/suspicious/noExplicitAny: the oracle is an optional module, loaded without its types.
const ort: any = await import('onnxruntime-node');

const ints = (...int64: number[]): FileTensor => ({ dims: [int64.length], int64 });
const some = (seed: number, ...dims: number[]): FileTensor => ({ dims, float: [...randoms(seed, elements(dims))] });
const w = some(2, 5, 3, 3, 3);
const tail = [
  ['Relu', 'c', 'r'],
  ['GlobalAveragePool', 'r', 'g'],
  ['Flatten', 'g', 'y'],
] as const;
const encoderOf = (file: OnnxFile, more: Partial<OnnxConfig> = {}): OnnxConfig => ({
  kind: 'onnx',
  model: onnxFile(file),
  batchNorm: 'frozen',
  ...more,
});

function learned(file: OnnxFile): string[] {
  const scope = new Scope(createGraph());
  onnx.build(scope, encoderOf(file), scope.graph.input('patches', [2, 3, 8, 8]));
  return scope.parameters.map(({ spec }) => `${spec.name} [${spec.shape}]`);
}

/** Embeds and trains as ONNX Runtime and central differences say. */
async function holds(model: Uint8Array, more: Pick<OnnxConfig, 'size'> = {}) {
  const { difference, slope } = await reading(model, 3, more);
  assert.ok(difference < 1e-5, `embeddings differ by ${difference}`);
  assert.ok(Math.abs(slope[0] / slope[1] - 1) < 0.01, `slope ${slope[0]}, by differences ${slope[1]}`);
}

const nodesWith: Record<string, [file: OnnxFile, learned: string[]]> = {
  'a Constant': [
    { nodes: [['Constant', '', 'w', { value: { tensor: w } }], ['Conv', 'x w', 'c'], ...tail] },
    ['encoder.w [5,3,3,3]'],
  ],
  'a ConstantOfShape': [
    {
      tensors: { s: ints(5, 3, 3, 3), b: some(4, 5) },
      nodes: [
        ['ConstantOfShape', 's', 'w', { value: { tensor: { dims: [1], float: [0.1] } } }],
        ['Conv', 'x w b', 'c'],
        ...tail,
      ],
    },
    ['encoder.w [5,3,3,3]', 'encoder.b [5]'],
  ],
  'a DequantizeLinear': [
    {
      tensors: {
        q: { dims: [2, 3, 1, 1], int8: [3, -4, 100, 7, 0, -128] },
        s: { dims: [], float: [0.02] },
        z: { dims: [], int8: [1] },
      },
      nodes: [['DequantizeLinear', 'q s z', 'w'], ['Conv', 'x w', 'c'], ...tail],
    },
    ['encoder.w [2,3,1,1]'],
  ],
};

describe('weights that a file keeps in nodes train:', () => {
  for (const [name, [file, expected]] of Object.entries(nodesWith)) {
    it(name, () => assert.deepEqual(learned(file), expected));
  }
  it('but not what a shape, a size or a limit is computed from', () =>
    assert.deepEqual(
      learned({
        opset: 13,
        tensors: { w, scales: { dims: [2], float: [2, 2] }, ones: { dims: [2], float: [1, 1] } },
        nodes: [
          ['Concat', 'ones scales', 'all', { axis: 0 }],
          ['Resize', 'x - all', 'big', { mode: 'linear' }],
          ['Conv', 'big w', 'c'],
          ...tail,
        ],
      }),
      ['encoder.w [5,3,3,3]'],
    ));
});

describe('a run with an .onnx encoder', () => {
  it('is refused where nothing trains, and warned where little does', () => {
    const check = (file: OnnxFile) => {
      const notes: string[] = [];
      checkTrainable(encoderOf(file), 8, allEncoderKinds, (note) => notes.push(note));
      return notes;
    };
    assert.throws(
      () => check({ nodes: [['Relu', 'x', 'c'], ...tail] }),
      (error) => error instanceof BagsslError && /has no tensor that trains/.test(error.message),
    );
    assert.deepEqual(check({ tensors: { w }, nodes: [['Conv', 'x w', 'c'], ...tail] }), []);
    const mask: OnnxFile = {
      tensors: { w, n: ints(3, 8, 8) },
      nodes: [['ConstantOfShape', 'n', 'zeros'], ['Add', 'x zeros', 'm'], ['Conv', 'm w', 'c'], ...tail],
    };
    assert.match(check(mask).join(), /^Only 135 numbers in 1 tensors .* train; 19\d are constants/);
  });
});

/** Tokens of 4 × 4 squares, and a class token before them that starts as zeros for every image. */
const classToken: OnnxFile = {
  tensors: {
    w: some(2, 6, 3, 4, 4),
    token: some(3, 1, 1, 6),
    to: ints(0, 6, 4),
    zero: ints(0),
    one: ints(1),
    rest: ints(1, 6),
  },
  nodes: [
    ['Conv', 'x w', 'c', { strides: [4, 4] }],
    ['Reshape', 'c to', 'p'],
    ['Transpose', 'p', 'tokens', { perm: [0, 2, 1] }],
    ['Shape', 'x', 's'],
    ['Slice', 's zero one', 'b'],
    ['Concat', 'b rest', 'n', { axis: 0 }],
    ['ConstantOfShape', 'n', 'zeros'],
    ['Add', 'zeros token', 'first'],
    ['Concat', 'first tokens', 'all', { axis: 1 }],
    ['Softmax', 'all', 'soft', { axis: 1 }],
    ['Mul', 'soft all', 'y'],
  ],
};

describe('an .onnx encoder', () => {
  it('with a class token of zeros for each image trains, and is written for any batch', async () => {
    await holds(onnxFile(classToken));
    const config = encoderOf(classToken);
    const trained = new Scope(createGraph());
    onnx.build(trained, config, trained.graph.input('patches', [2, 3, 8, 8]));
    const weights = Object.fromEntries(
      trained.parameters.map(({ spec }) => [spec.name, (spec.init as { data: Float32Array }).data]),
    );
    const model = modelOfAnyBatch((batch) => {
      const graph = createGraph();
      return { y: onnx.build(new Scope(graph, weights), config, graph.input('patches', [batch, 3, 8, 8])) };
    });
    const session = await ort.InferenceSession.create(writeModel(model));
    for (const batch of [1, 3]) {
      const x = randoms(1, batch * 192);
      const { y } = await session.run({ patches: new ort.Tensor('float32', x, [batch, 3, 8, 8]) });
      assert.deepEqual(y.dims, [batch, 6]);
    }
    await session.release();
  });

  for (const [batch, what] of [
    [1, 'made for one image'],
    ['batch', 'that leaves the batch open, and whose constants are of one image,'],
  ] as const)
    it(`${what} takes any batch: Reshape, Expand and Concat of its constants`, () =>
      holds(
        onnxFile({
          inputs: { x: [batch, 3, 8, 8] },
          tensors: {
            w: some(2, 6, 3, 4, 4),
            token: some(3, 1, 1, 6),
            to: ints(1, 6, -1),
            one: ints(1, 1, 6),
            heads: ints(5, 2, 3),
            back: ints(5, 1, 6),
          },
          nodes: [
            ['Conv', 'x w', 'c', { strides: [4, 4] }],
            ['Reshape', 'c to', 'p'],
            ['Transpose', 'p', 'tokens', { perm: [0, 2, 1] }],
            ['Expand', 'token one', 'first'],
            ['Concat', 'first tokens', 'all', { axis: 1 }],
            // As torch.nn.MultiheadAttention has it: tokens first, and heads beside the batch.
            ['Transpose', 'all', 'turned', { perm: [1, 0, 2] }],
            ['Reshape', 'turned heads', 'h'],
            ['Softmax', 'h', 'soft', { axis: 0 }],
            ['Mul', 'soft h', 'm'],
            ['Reshape', 'm back', 'r'],
            ['Transpose', 'r', 'y', { perm: [1, 0, 2] }],
          ],
        }),
      ));

  const conv = { tensors: { w }, nodes: [['Conv', 'x w', 'c'], ...tail] } as const;
  const turned = [['Transpose', 'x', 't', { perm: [0, 3, 1, 2] }], ['Conv', 't w', 'c'], ...tail] as const;
  for (const [name, file, more] of [
    ['with the channels last', { ...conv, inputs: { x: ['n', 8, 8, 3] }, nodes: turned }, {}],
    ['of grey images', { ...conv, inputs: { x: ['n', 1, 8, 8] }, tensors: { w: some(2, 5, 1, 3, 3) } }, {}],
    [
      'with the channels last, and those of its feature map',
      {
        ...conv,
        inputs: { x: ['n', 8, 8, 3] },
        nodes: [turned[0], ['Conv', 't w', 'c'], ['Transpose', 'c', 'y', { perm: [0, 2, 3, 1] }]],
      },
      {},
    ],
    ['whose open axis is -1, as Paddle2ONNX writes it', { ...conv, inputs: { x: [-1, 3, 8, 8] } }, {}],
    [
      'with a window as large as the width, as EfficientNet of Hugging Face',
      {
        ...conv,
        opset: 20,
        nodes: [
          ['Conv', 'x w', 'c'],
          ['AveragePool', 'c', 'g', { kernel_shape: [1280, 1280], strides: [1280, 1280], ceil_mode: 1 }],
          ['Flatten', 'g', 'y'],
        ],
      },
      {},
    ],
    [
      'with attention over channels by a Conv of signals, as ECA-Net',
      {
        tensors: { w, k: some(4, 1, 1, 3), s: ints(0, 1, -1), z: ints(0, -1, 1, 1) },
        nodes: [
          ['Conv', 'x w', 'c0'],
          ['GlobalAveragePool', 'c0', 'p'],
          ['Reshape', 'p s', 'r'],
          ['Conv', 'r k', 'e', { pads: [1, 1] }],
          ['Sigmoid', 'e', 'a'],
          ['Reshape', 'a z', 'gate'],
          ['Mul', 'c0 gate', 'c'],
          ['GlobalAveragePool', 'c', 'g'],
          ['Flatten', 'g', 'y'],
        ],
      },
      {},
    ],
    [
      'with Attention, as PyTorch writes it in opset 23',
      {
        opset: 23,
        tensors: { w: some(2, 6, 3, 4, 4), q: some(3, 6, 6), s: ints(0, 6, -1) },
        nodes: [
          ['Conv', 'x w', 'c', { strides: [4, 4] }],
          ['Reshape', 'c s', 'p'],
          ['Transpose', 'p', 't', { perm: [0, 2, 1] }],
          ['MatMul', 't q', 'query'],
          ['Attention', 'query t t', 'y', { q_num_heads: 2, kv_num_heads: 2 }],
        ],
      },
      {},
    ],
    ['of oblong images', { ...conv, inputs: { x: [1, 3, 6, 9] } }, {}],
    ['of images of any size', { ...conv, inputs: { x: ['n', 'c', 'h', 'w'] } }, { size: 10 }],
  ] satisfies [string, OnnxFile, Pick<OnnxConfig, 'size'>][]) {
    it(`${name} embeds and trains`, () => holds(onnxFile(file), more));
  }

  it('with a function, called twice, embeds and trains', () =>
    holds(
      onnxFile(
        {
          opset: 18,
          tensors: { w },
          nodes: [['Conv', 'x w', 'c0'], ['own.swish', 'c0', 'c1'], ['own.swish', 'c1', 'c'], ...tail],
        },
        (model) => {
          model.functions.push(
            create(FunctionProtoSchema, {
              domain: 'own',
              name: 'swish',
              input: ['a'],
              output: ['b'],
              opsetImport: [{ domain: '', version: 18n }],
              node: [
                create(NodeProtoSchema, { opType: 'Sigmoid', input: ['a'], output: ['s'] }),
                create(NodeProtoSchema, { opType: 'Mul', input: ['a', 's'], output: ['b'] }),
              ],
            }),
          );
          model.opsetImport.push({ ...model.opsetImport[0], domain: 'own', version: 1n });
        },
      ),
    ));
});
