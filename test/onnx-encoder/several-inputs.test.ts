import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { patchSize } from '../../src/encoders.ts';
import { createEmbedder } from '../../src/index.ts';
import { describeModel } from '../../src/model/describe.ts';
import { inspectOnnx } from '../../src/onnx-encoder/inspect-onnx.ts';
import type { OnnxEncoder } from '../../src/onnx-encoder/onnx-encoder.ts';
import { presets } from '../../src/patches.ts';
import { runConfig } from '../../src/train.ts';
import { type FileNode, type OnnxFile, onnxFile } from '../support/onnx-file.ts';
import { randoms } from '../support/random.ts';

const engine = { device: 'native', threads: 1 } as const;
const WIDTH = 16;
const tensors = {
  k: { dims: [WIDTH, 3, 1, 1], float: [...randoms(1, 3 * WIDTH)] },
  t: { dims: [WIDTH, WIDTH], float: [...randoms(2, WIDTH * WIDTH)] },
  text: { dims: [1000, WIDTH], float: [...randoms(3, 1000 * WIDTH)] },
};
/** An encoder of images beside one of text, whose outputs come first. */
const TWO: readonly FileNode[] = [
  ['Cast', 'input_ids', 'ids', { to: 7 }],
  ['Gather', 'text ids', 'words'],
  ['ReduceMean', 'words', 'text_embeds', { axes: [1], keepdims: 0 }],
  ['Conv', 'pixel_values k', 'c', { kernel_shape: [1, 1] }],
  ['GlobalAveragePool', 'c', 'p'],
  ['Flatten', 'p', 'image_embeds'],
  ['Transpose', 'text_embeds', 'turned', { perm: [1, 0] }],
  ['MatMul', 'image_embeds turned', 'logits_per_image'],
];
const IMAGES = ['batch', 3, 8, 8] as const;
const two = (more: Partial<OnnxFile> = {}) =>
  onnxFile({
    inputs: { input_ids: ['batch', 'sequence'], pixel_values: IMAGES },
    tensors,
    nodes: TWO,
    outputs: 'logits_per_image text_embeds image_embeds',
    ...more,
  });
const pixels = {
  data: Uint8Array.from({ length: 192 }, (_, i) => (i * 37) & 255),
  width: 8,
  height: 8,
  layout: 'rgb',
} as const;

async function vectorOf(encoder: Uint8Array, onnx = {}) {
  const said: string[] = [];
  await using embedder = await createEmbedder({ encoder, onnx, ...engine, onWarning: (text) => said.push(text) });
  const vectors = [await embedder.embed(pixels), await embedder.embed(pixels)];
  return { vectors, said: said.join(' '), encoder: embedder.encoder as OnnxEncoder };
}

/** The same encoder with the image as the file's only input. */
const alone = onnxFile({ inputs: { pixel_values: IMAGES }, tensors, nodes: TWO.slice(3, 6), outputs: 'image_embeds' });

describe('of a model of several inputs', () => {
  it('the vector that images alone make is taken, and nothing else is kept', async () => {
    const { vectors, said, encoder } = await vectorOf(two());
    assert.deepEqual(vectors[0], (await vectorOf(alone)).vectors[0]);
    assert.equal(encoder.output.name, 'image_embeds');
    assert.match(said, /made of "pixel_values" alone: "input_ids" is left out/);
    assert.ok(encoder.model.length < 2000, `${encoder.model.length} bytes`);
  });

  it('a value inside that images alone make can be named', async () => {
    assert.equal((await vectorOf(two({ outputs: 'logits_per_image' }), { output: 'p' })).vectors[0].length, WIDTH);
  });

  it('none is refused, and the error names the inputs', async () => {
    const refused = (onnx: object, why: RegExp) =>
      assert.rejects(vectorOf(two({ outputs: 'logits_per_image' }), onnx), { code: 'bad-model', message: why });
    await refused({}, /has 2 inputs: "input_ids".*, "pixel_values".*; none of its outputs depends on images alone/);
    await refused({ output: 'turned' }, /"turned" does not depend on images alone/);
  });

  it('a worker says that it runs where background is left out', async () => {
    await assert.rejects(createEmbedder({ encoder: two(), background: true, ...engine }), {
      code: 'bad-model',
      message: /has 2 inputs\. The part that embeds is run where background is left out/,
    });
  });

  it('a mask of pixels is filled with ones, a switch is off', async () => {
    const nodes: readonly FileNode[] = [
      ['Unsqueeze', 'pixel_mask axis', 'm'],
      ['Mul', 'pixel_values m', 'masked'],
      ['Conv', 'masked k', 'c', { kernel_shape: [1, 1] }],
      ['GlobalAveragePool', 'c', 'p'],
      ['Flatten', 'p', 'image_embeds'],
    ];
    const masked = onnxFile({
      inputs: { pixel_values: ['batch', 3, 'height', 'width'], pixel_mask: ['batch', 'height', 'width'] },
      tensors: { ...tensors, axis: { dims: [1], int64: [1] } },
      nodes,
      outputs: 'image_embeds',
    });
    const { vectors, said } = await vectorOf(masked, { input: { size: 8 } });
    assert.deepEqual(vectors[0], (await vectorOf(alone)).vectors[0]);
    assert.match(said, /"pixel_mask" is filled with ones/);
    const switched = onnxFile(
      {
        inputs: { pixel_values: IMAGES, training: [] },
        tensors: { ...tensors, two: { dims: [], float: [2] } },
        nodes: [
          ...TWO.slice(3, 6),
          ['Mul', 'image_embeds two', 'twice'],
          ['Where', 'training twice image_embeds', 'y'],
        ],
      },
      ({ graph }) => {
        const { value } = graph!.input[1].type!;
        if (value.case === 'tensorType') value.value.elemType = 9;
      },
    );
    const { vectors: off } = await vectorOf(switched);
    assert.deepEqual(off[0], vectors[0]);
  });

  it('what needs images alone trains', async () => {
    const model = two();
    const encoder = { kind: 'onnx', model, batchNorm: 'train', output: 'image_embeds' } as const;
    const recipe = { ...presets.cifar16, size: 8 };
    const { encoder: described } = describeModel(
      runConfig({ model: { encoder, projector: { hidden: [16], out: 8 } }, recipe, budget: { steps: 1 } }).model,
      recipe.size,
    );
    assert.equal(described.parameters, 3 * WIDTH);
    const { training, asItIs, inputs } = await inspectOnnx(model, engine);
    assert.deepEqual([training.reads, training.size, training.width, asItIs.width], [true, 8, WIDTH, WIDTH]);
    assert.equal(inputs.length, 2);
    assert.throws(
      () => patchSize({ ...encoder, output: 'logits_per_image' }),
      /"logits_per_image" of the \.onnx file has 2: "input_ids", "pixel_values"/,
    );
  });
});

describe('a model that draws random values', () => {
  const drawn = (type: string, attributes = {}) =>
    onnxFile({
      inputs: { x: IMAGES },
      tensors,
      nodes: [
        ['Conv', 'x k', 'c', { kernel_shape: [1, 1] }],
        ['GlobalAveragePool', 'c', 'p'],
        ['Flatten', 'p', 'f'],
        [type, type.endsWith('Like') || type === 'Bernoulli' ? 'f' : '', 'noise', attributes],
        ['Cast', 'noise', 'n', { to: 1 }],
        ['Add', 'f n', 'embedding'],
      ],
      outputs: 'embedding',
      opset: 15,
    });

  for (const [type, attributes, isEven] of [
    ['RandomUniformLike', {}, true],
    ['RandomUniform', { shape: [1, WIDTH], high: { float: 2 } }, true],
    ['RandomNormalLike', {}, false],
    ['RandomNormal', { shape: [1, WIDTH], mean: { float: 3 } }, false],
  ] as const) {
    it(`${type} gives the same in every run`, async () => {
      const { vectors, said } = await vectorOf(drawn(type, attributes));
      assert.deepEqual(vectors[0], vectors[1]);
      assert.match(said, new RegExp(`${type} draws other values in every run: they are replaced`));
      const plain = (await vectorOf(drawn(type, attributes), { output: 'f' })).vectors[0];
      const noise = Array.from(vectors[0], (value, k) => value - plain[k]);
      const mean = noise.reduce((sum, value) => sum + value) / WIDTH;
      const wanted = { RandomUniformLike: 0.5, RandomUniform: 1, RandomNormalLike: 0, RandomNormal: 3 }[type];
      assert.ok(Math.abs(mean - wanted) < 0.15, `${mean}`);
      assert.equal(new Set(noise.map((value) => value.toFixed(3))).size, isEven ? WIDTH : 1);
    });
  }

  it('says that vectors differ where the values are not replaced', async () => {
    assert.match(
      (await vectorOf(drawn('Bernoulli'))).said,
      /Bernoulli draws other values in every run, and so its vectors differ/,
    );
  });
});

describe('a vector', () => {
  it('of few numbers is said to be poor', async () => {
    const model = onnxFile({
      inputs: { x: IMAGES },
      nodes: [
        ['GlobalAveragePool', 'x', 'p'],
        ['Flatten', 'p', 'embedding'],
      ],
      outputs: 'embedding',
    });
    assert.match((await vectorOf(model)).said, /Vectors of 3 numbers tell few images apart/);
  });

  it('of another width than the first is refused', async () => {
    // As many numbers as pixels are positive: none in grey, with a mean of ½ taken away.
    const nodes: readonly FileNode[] = [
      ['Flatten', 'x', 'f'],
      ['NonZero', 'f', 'places'],
      ['Cast', 'places', 'embedding', { to: 1 }],
    ];
    const model = onnxFile({ inputs: { x: [1, 3, 8, 8] }, nodes, outputs: 'embedding' });
    const levels = { mean: 0, std: 1, range: 255 } as const;
    await assert.rejects(vectorOf(model, { input: levels }), {
      code: 'shape-mismatch',
      message: /vectors would have .* numbers or .*; name another value/,
    });
  });
});
