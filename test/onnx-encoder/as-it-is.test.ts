import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  FunctionProtoSchema,
  GraphProtoSchema,
  type ModelProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
} from 'onnx-buf';
import { type BagsslError, type CreateEmbedderOptions, createEmbedder } from '../../src/index.ts';
import type { Pixels } from '../../src/patches.ts';
import { type FileNode, type OnnxFile, onnxFile } from '../support/onnx-file.ts';
import { relativeError } from '../support/reference.ts';

const engine = { device: 'native', threads: 1, onWarning: () => {} } as const;
type Onnx = CreateEmbedderOptions['onnx'];

/** Colours that differ in every pixel and channel. */
function picture(width: number, height: number): Pixels {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 37 + (i % 3) * 60) & 255);
  return { data, width, height, layout: 'rgb' };
}

const code = (wanted: string, message: RegExp) => (error: BagsslError) => {
  assert.equal(error.code, wanted, error.message);
  assert.match(error.message, message);
  return true;
};

async function vectorsOf(encoder: Uint8Array, images: readonly Pixels[], onnx: Onnx = {}): Promise<Float32Array[]> {
  await using embedder = await createEmbedder({ ...engine, encoder, onnx });
  const all: Float32Array[] = [];
  for await (const { vector } of embedder.bags(images)) all.push(vector);
  assert.ok(all.every(({ length }) => length === embedder.width));
  return all;
}

const INPUT_TYPE = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, float16: 10, float64: 11 } as const;

/** Sets the type of the first input. */
const ofType = (type: keyof typeof INPUT_TYPE) => (model: ModelProto) => {
  const { value } = model.graph!.input[0].type!;
  if (value.case === 'tensorType') value.value.elemType = INPUT_TYPE[type];
};

/** The mean of every channel over all positions: what shows how pixels were prepared. */
const MEANS: readonly FileNode[] = [
  ['Cast', 'x', 'f', { to: 1 }],
  ['GlobalAveragePool', 'f', 'p'],
  ['Flatten', 'p', 'embedding'],
];
const MEANS_NHWC: readonly FileNode[] = [
  ['Cast', 'x', 'g', { to: 1 }],
  ['Transpose', 'g', 'f', { perm: [0, 3, 1, 2] }],
  ...MEANS.slice(1),
];
/** The same of one image [rows, columns, 3], or [3, rows, columns]. */
const ONE: readonly FileNode[] = [
  ['Cast', 'x', 'g', { to: 1 }],
  ['Transpose', 'g', 'f', { perm: [2, 0, 1] }],
  ['ReduceMean', 'f', 'embedding', { axes: [1, 2], keepdims: 0 }],
];
const ONE_NCHW: readonly FileNode[] = [['Cast', 'x', 'f', { to: 1 }], ONE[2]];

describe('an .onnx file run as it is is given its pixels', () => {
  const image = picture(6, 4);
  const { mean, std } = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
  const level = (c: number) => Array.from({ length: 24 }, (_, p) => image.data[3 * p + c]).reduce((a, b) => a + b) / 24;
  const levels = [0, 1, 2].map(level);

  for (const [what, dims, nodes, type, onnx, expected] of [
    [
      'in float32 with ImageNet’s mean',
      ['b', 3, 4, 6],
      MEANS,
      'float32',
      {},
      levels.map((v, c) => (v / 255 - mean[c]) / std[c]),
    ],
    ['in float16', ['b', 3, 4, 6], MEANS, 'float16', {}, levels.map((v, c) => (v / 255 - mean[c]) / std[c])],
    ['in float64', ['b', 3, 4, 6], MEANS, 'float64', {}, levels.map((v, c) => (v / 255 - mean[c]) / std[c])],
    ['in uint8', ['b', 3, 4, 6], MEANS, 'uint8', {}, levels],
    ['in int32', ['b', 3, 4, 6], MEANS, 'int32', {}, levels],
    ['in int64', ['b', 3, 4, 6], MEANS, 'int64', {}, levels],
    ['in int8, as levels less 128', ['b', 3, 4, 6], MEANS, 'int8', {}, levels.map((v) => v - 128)],
    ['as one image without a batch', [4, 6, 3], ONE, 'uint8', {}, levels],
    ['as one image, its channels first', [3, 4, 6], ONE_NCHW, 'uint8', {}, levels],
    ['with channels last', ['b', 4, 6, 3], MEANS_NHWC, 'float32', {}, levels.map((v) => v / 255)],
    ['in uint8 with channels last', [1, 4, 6, 3], MEANS_NHWC, 'uint8', {}, levels],
    ['in a size that is given', ['b', 'c', 'h', 'w'], MEANS, 'uint8', { input: { size: [4, 6] } }, levels],
    ['as blue, green, red', ['b', 3, 4, 6], MEANS, 'uint8', { input: { channels: 'bgr' } }, levels.toReversed()],
    [
      'with a mean and a scale that are given',
      ['b', 3, 4, 6],
      MEANS,
      'float32',
      { input: { range: 255, mean: [10, 20, 30], std: 2 } },
      levels.map((v, c) => (v - 10 * (c + 1)) / 2),
    ],
  ] as const) {
    it(what, async () => {
      const model = onnxFile({ inputs: { x: dims }, nodes, outputs: 'embedding' } as OnnxFile, ofType(type));
      const [vector] = await vectorsOf(model, [image], onnx as Onnx);
      assert.ok(relativeError(vector, Float32Array.from(expected)) < (type === 'float16' ? 2e-3 : 1e-5), `${vector}`);
    });
  }

  it('in grey without an axis of channels', async () => {
    const nodes: readonly FileNode[] = [['ReduceMean', 'x', 'embedding', { axes: [1, 2], keepdims: 0 }]];
    const model = onnxFile({ inputs: { x: ['b', 4, 6] }, nodes, outputs: 'embedding' });
    const [vector] = await vectorsOf(model, [image, image]);
    assert.ok(Math.abs(vector[0] - (0.299 * levels[0] + 0.587 * levels[1] + 0.114 * levels[2]) / 255) < 2e-3);
  });

  it('in place of what its own decoder of image files gives', async () => {
    for (const [operator, expected] of [
      ['com.microsoft.extensions.DecodeImage', levels.toReversed()],
      ['ImageDecoder', levels],
    ] as const) {
      const nodes: readonly FileNode[] = [
        [operator, 'file', 'x'],
        ...ONE,
        ['com.microsoft.extensions.DrawBoundingBoxes', 'x embedding', 'drawn'],
      ];
      const model = onnxFile({ opset: 17, inputs: { file: ['bytes'] }, nodes, outputs: 'embedding drawn' }, (file) => {
        ofType('uint8')(file);
        file.opsetImport.push(create(OperatorSetIdProtoSchema, { domain: 'com.microsoft.extensions', version: 1n }));
      });
      const [vector] = await vectorsOf(model, [image], { input: { size: [4, 6] } });
      assert.ok(relativeError(vector, Float32Array.from(expected)) < 1e-5, `${vector}`);
    }
  });

  it('in grey', async () => {
    const model = onnxFile({ inputs: { x: ['b', 1, 4, 6] }, nodes: MEANS, outputs: 'embedding' });
    const [vector] = await vectorsOf(model, [image]);
    assert.ok(Math.abs(vector[0] - (0.299 * levels[0] + 0.587 * levels[1] + 0.114 * levels[2]) / 255) < 2e-3);
  });

  it('without a mean of its own where the model subtracts one, as values of 0 to 1 or 0 to 255', async () => {
    for (const [constant, range] of [
      [0.5, 1],
      [127.5, 255],
    ]) {
      const tensors = { half: { dims: [1], float: [constant] } };
      const nodes: FileNode[] = [
        ['Sub', 'x half', 'n'],
        ['GlobalAveragePool', 'n', 'p'],
        ['Flatten', 'p', 'embedding'],
      ];
      const [vector] = await vectorsOf(
        onnxFile({ inputs: { x: ['b', 3, 4, 6] }, tensors, nodes, outputs: 'embedding' }),
        [image],
      );
      const expected = levels.map((v) => (v / 255) * range - constant);
      assert.ok(relativeError(vector, Float32Array.from(expected)) < 1e-5);
    }
  });

  it('cropped to its middle, or stretched', async () => {
    // Left third black, middle third grey 100, right third white.
    const width = 12;
    const stripes: Pixels = {
      data: Uint8Array.from({ length: width * 4 }, (_, i) => [0, 100, 255][Math.floor((i % width) / 4)]),
      width,
      height: 4,
      layout: 'grey',
    };
    const model = onnxFile({ inputs: { x: ['b', 3, 4, 4] }, nodes: MEANS, outputs: 'embedding' }, ofType('uint8'));
    const [cropped] = await vectorsOf(model, [stripes]);
    assert.deepEqual([...cropped], [100, 100, 100]);
    const [stretched] = await vectorsOf(model, [stripes], { input: { fit: 'stretch' } });
    assert.ok(Math.abs(stretched[0] - 355 / 3) < 2, `${stretched}`);
    // Half of the middle: the same grey, from twice the size.
    const [half] = await vectorsOf(model, [stripes], { input: { crop: 0.5 } });
    assert.deepEqual([...half], [100, 100, 100]);
  });
});

it('stretched, of which a share is taken, is the middle of all of it stretched', async () => {
  const model = shaped([['Flatten', 'x', 'y']], {}, ['b', 3, 'h', 'w']);
  const image = picture(16, 12);
  const input = { range: 255, mean: 0, std: 1, fit: 'stretch' } as const;
  const [all] = await vectorsOf(model, [image], { input: { ...input, size: 8 } });
  const [middle] = await vectorsOf(model, [image], { input: { ...input, size: 4, crop: 0.5 } });
  const cut = Array.from(middle, (_, i) => all[64 * Math.floor(i / 16) + 8 * (2 + ((i >> 2) & 3)) + 2 + (i & 3)]);
  assert.deepEqual([...middle], cut);
});

/** A map of the input's own channels and size, which `nodes` make the output of. */
const shaped = (
  nodes: readonly FileNode[],
  file: Partial<OnnxFile> = {},
  dims: readonly (number | string)[] = ['b', 3, 4, 4],
) => onnxFile({ inputs: { x: dims }, nodes, outputs: 'y', ...file } as OnnxFile, ofType('float32'));
const plain: Onnx = { input: { range: 255, mean: 0, std: 1 } };

describe('an output becomes a vector', () => {
  const image = picture(4, 4);
  const at = (c: number, p: number) => image.data[3 * p + c];
  const means = [0, 1, 2].map((c) => Array.from({ length: 16 }, (_, p) => at(c, p)).reduce((a, b) => a + b) / 16);

  for (const [what, nodes, file, onnx, expected] of [
    ['of a map by the mean over positions', [['Relu', 'x', 'y']], {}, {}, means],
    ['of a map with channels last', [['Transpose', 'x', 'y', { perm: [0, 2, 3, 1] }]], {}, {}, undefined],
    [
      'of tokens by their mean',
      [
        ['Reshape', 'x s', 'r'],
        ['Transpose', 'r', 'y', { perm: [0, 2, 1] }],
      ],
      { tensors: { s: { dims: [3], int64: [0, 3, 16] } } },
      {},
      means,
    ],
    [
      'of tokens by the first',
      [
        ['Reshape', 'x s', 'r'],
        ['Transpose', 'r', 'y', { perm: [0, 2, 1] }],
      ],
      { tensors: { s: { dims: [3], int64: [0, 3, 16] } } },
      { pool: 'first' },
      [0, 1, 2].map((c) => at(c, 0)),
    ],
    [
      'of any value inside the graph',
      [
        ['Relu', 'x', 'm'],
        ['Flatten', 'm', 'y'],
      ],
      {},
      { output: 'm' },
      means,
    ],
  ] as const) {
    it(what, async () => {
      const model = shaped(nodes as never, file as never);
      const [vector] = await vectorsOf(model, [image], { ...plain, ...onnx });
      // Of [4, 4, 3] the last is taken for channels: positions have the image's proportions.
      assert.ok(relativeError(vector, Float32Array.from(expected ?? means)) < 1e-5, `${vector}`);
    });
  }

  it('of one image after the other where the batch is fixed, or constants inside fix it', async () => {
    const images = [0, 1, 2].map((k) => picture(4 + k, 4 + k));
    const [reshape, open] = [{ tensors: { s: { dims: [2], int64: [1, 48] } } }, ['b', 3, 4, 4]];
    const alone = await Promise.all(
      images.map(async (each) => (await vectorsOf(shaped([['Flatten', 'x', 'y']]), [each], plain))[0]),
    );
    for (const model of [
      shaped([['Flatten', 'x', 'y']], {}, [1, 3, 4, 4]),
      shaped([['Flatten', 'x', 'y']], {}, [2, 3, 4, 4]),
      shaped([['Reshape', 'x s', 'y']], reshape, open),
      shaped([['Flatten', 'x', 'y']]),
    ]) {
      assert.deepEqual(await vectorsOf(model, images, plain), alone);
    }
  });

  it('chooses among several by name, and says so', async () => {
    const said: string[] = [];
    const model = shaped(
      [
        ['Relu', 'x', 'boxes'],
        ['GlobalAveragePool', 'x', 'p'],
        ['Flatten', 'p', 'image_embeds'],
      ],
      {
        outputs: 'boxes image_embeds',
      },
    );
    await using embedder = await createEmbedder({ ...engine, onWarning: (m) => said.push(m), encoder: model });
    assert.equal(embedder.width, 3);
    assert.match(said.join(), /Of 2 outputs "image_embeds" is taken, not "boxes" \(set onnx\.output/);
  });
});

describe('operators that no training graph has run', () => {
  const image = picture(4, 4);
  const expected = Float32Array.from(
    { length: 3 },
    (_, c) => Array.from({ length: 16 }, (_, p) => image.data[3 * p + c]).reduce((a, b) => a + b) / 16,
  );
  const check = async (model: Uint8Array, tolerance = 1e-5) => {
    const [vector] = await vectorsOf(model, [image], plain);
    assert.ok(relativeError(vector, expected) < tolerance, `${vector}`);
  };

  it('control flow', async () => {
    const branch = create(GraphProtoSchema, {
      name: 'branch',
      node: [create(NodeProtoSchema, { opType: 'Identity', input: ['x'], output: ['inside'] })],
      output: [{ name: 'inside' }],
    });
    const model = onnxFile(
      {
        inputs: { x: ['b', 3, 4, 4] },
        tensors: { yes: { dims: [], bool: [1] } },
        nodes: [
          ['If', 'yes', 'z'],
          ['Relu', 'z', 'y'],
        ],
      },
      ({ graph }) => {
        const attribute = (name: string) =>
          create(AttributeProtoSchema, { name, type: AttributeType.GRAPH, g: branch });
        graph!.node[0].attribute = [attribute('then_branch'), attribute('else_branch')];
      },
    );
    await check(model);
  });

  it('functions', async () => {
    const model = onnxFile({ inputs: { x: ['b', 3, 4, 4] }, nodes: [['Own', 'x', 'y']] }, (file) => {
      file.graph!.node[0].domain = 'own.domain';
      file.opsetImport.push(create(OperatorSetIdProtoSchema, { domain: 'own.domain', version: 1n }));
      file.irVersion = 8n;
      file.functions.push(
        create(FunctionProtoSchema, {
          ...{ name: 'Own', domain: 'own.domain', input: ['a'], output: ['o'] },
          node: [create(NodeProtoSchema, { opType: 'Relu', input: ['a'], output: ['o'] })],
          opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: 13n })],
        }),
      );
    });
    await check(model);
  });

  it('com.microsoft’s', async () => {
    const model = onnxFile({ inputs: { x: ['b', 3, 4, 4] }, nodes: [['Gelu', 'x', 'y']] }, (file) => {
      file.graph!.node[0].domain = 'com.microsoft';
      file.opsetImport.push(create(OperatorSetIdProtoSchema, { domain: 'com.microsoft', version: 1n }));
    });
    await check(model);
  });

  it('not those of another engine that the vector does not need', async () => {
    const nodes: readonly FileNode[] = [
      ['Relu', 'x', 'y'],
      ['TRT.EfficientNMS_TRT', 'y', 'boxes'],
    ];
    await check(onnxFile({ inputs: { x: ['b', 3, 4, 4] }, nodes, outputs: 'y boxes' }));
  });

  it('quantised to 8 bits', async () => {
    const tensors = { scale: { dims: [], float: [1.5] } };
    const model = onnxFile({
      ...{ inputs: { x: ['b', 3, 4, 4] }, tensors },
      nodes: [
        ['QuantizeLinear', 'x scale', 'q'],
        ['DequantizeLinear', 'q scale', 'y'],
      ],
    });
    await check(model, 1e-2);
  });
});

describe('the quantisers of QONNX', () => {
  const image: Pixels = { data: Uint8Array.from({ length: 48 }, (_, i) => i), width: 4, height: 4, layout: 'rgb' };
  const pixels = [0, 1, 2].flatMap((c) => Array.from({ length: 16 }, (_, p) => 3 * p + c));
  const even = (v: number) => (Math.abs(v % 1) === 0.5 ? 2 * Math.round(v / 2) : Math.round(v));
  const ROUNDED = { ROUND: even, CEIL: Math.ceil, FLOOR: Math.floor } as const;
  /** Of every pixel, by nodes from `v`, which is pixel·½ − 10, to `q`. */
  const check = async (
    nodes: readonly FileNode[],
    tensors: OnnxFile['tensors'],
    of: (v: number, c: number) => number,
  ) => {
    for (const opset of [9, 13]) {
      const model = onnxFile({
        opset,
        inputs: { x: ['b', 3, 4, 4] },
        tensors: { ...tensors, half: { dims: [], float: [0.5] }, ten: { dims: [], float: [10] } },
        nodes: [['Mul', 'x half', 'h'], ['Sub', 'h ten', 'v'], ...nodes, ['Flatten', 'q', 'y']],
      });
      const [vector] = await vectorsOf(model, [image], plain);
      const expected = pixels.map((pixel, at) => of(pixel / 2 - 10, Math.floor(at / 16)));
      assert.ok(relativeError(vector, Float32Array.from(expected)) < 1e-6, `opset ${opset}: ${vector}`);
    }
  };
  const scalar = (value: number) => ({ dims: [], float: [value] });

  for (const [signed, narrow, bits, mode] of [
    [1, 1, 4, 'ROUND'],
    [1, 0, 3, 'FLOOR'],
    [0, 0, 3, 'CEIL'],
    [0, 1, 2, 'ROUND'],
    [1, 1, 1, 'ROUND'],
    [1, 0, 32, 'ROUND'],
  ] as const) {
    it(`Quant: ${signed ? '' : 'un'}signed${narrow ? ', narrow' : ''}, ${bits} bits, ${mode}`, async () => {
      const [scale, zero] = [1, bits === 4 ? 1 : 0];
      const high = 2 ** (bits - signed) - 1 - (signed ? 0 : narrow);
      const low = signed ? -(2 ** (bits - 1)) + narrow : 0;
      const of = (v: number) => {
        const level = v / scale + zero;
        const whole = bits === 1 ? (level >= 0 ? 1 : -1) : ROUNDED[mode](Math.min(high, Math.max(low, level)));
        return (whole - zero) * scale;
      };
      const node = ['onnx.brevitas.Quant', 'v s z n', 'q', { signed, narrow, rounding_mode: mode }] as const;
      await check([node], { s: scalar(scale), z: scalar(zero), n: scalar(bits) }, of);
    });
  }

  it('BipolarQuant', () =>
    check([['qonnx.custom_op.general.BipolarQuant', 'v s', 'q']], { s: scalar(0.25) }, (v) => (v >= 0 ? 0.25 : -0.25)));

  it('Trunc', () =>
    check(
      [['onnx.brevitas.Trunc', 'v s z n m', 'q', { rounding_mode: 'FLOOR' }]],
      { s: scalar(0.5), z: scalar(0), n: scalar(8), m: scalar(6) },
      (v) => Math.floor(even(v / 0.5) / 4) * 0.5,
    ));

  it('MultiThreshold', async () => {
    const steps = [0, 1, 2].map((c) => [-3 - c, 0, 5.5]);
    const thresholds = { dims: [3, 3], float: steps.flat() };
    const of = (v: number, c: number) => 2 * steps[c].filter((t) => v >= t).length - 1;
    const attributes = { out_dtype: 'INT4', out_scale: { float: 2 }, out_bias: { float: -1 } };
    const type = 'finn.custom_op.general.MultiThreshold';
    await check([[type, 'v t', 'q', attributes]], { t: thresholds }, of);
    const last: readonly FileNode[] = [
      ['Transpose', 'v', 'l', { perm: [0, 2, 3, 1] }],
      [type, 'l t', 'm', { ...attributes, data_layout: 'NHWC' }],
      ['Transpose', 'm', 'q', { perm: [0, 3, 1, 2] }],
    ];
    await check(last, { t: thresholds }, of);
  });
});

describe('a model that is no encoder is refused', () => {
  const opened = (encoder: Uint8Array, onnx: Onnx = {}) => createEmbedder({ ...engine, encoder, onnx });
  const bytes = onnxFile({ inputs: { x: ['b', 3, 4, 4] }, nodes: MEANS, outputs: 'embedding' });

  for (const [what, model, onnx, wanted, message] of [
    [
      'whose input is no image',
      onnxFile({ inputs: { x: ['b', 10] }, nodes: [['Relu', 'x', 'y']] }),
      {},
      'bad-model',
      /"x" \[b,10\] has 2 axes.*An encoder takes images/,
    ],
    [
      'of other channels',
      onnxFile({ inputs: { x: ['b', 5, 4, 4] }, nodes: [['Relu', 'x', 'y']] }),
      {},
      'bad-model',
      /4 channels in nhwc/,
    ],
    [
      'of two inputs',
      onnxFile({ inputs: { x: ['b', 3, 4, 4], ids: ['b', 7] }, nodes: [['Add', 'x ids', 'y']] }),
      {},
      'bad-model',
      /2 inputs: "x" \[b,3,4,4\], "ids" \[b,7\].*with one input/,
    ],
    ['that is cut short', bytes.subarray(0, bytes.length - 20), {}, 'bad-model', /no ONNX file, or a truncated one/],
    ['with an output that it lacks', bytes, { output: 'nothing' }, 'bad-argument', /no value "nothing".*"embedding"/],
    ['with a size that is another', bytes, { input: { size: 8 } }, 'bad-argument', /asks for 8×8.*\[b,3,4,4\]/],
    ['of another digest', bytes, { sha256: 'ab'.repeat(32) }, 'bad-data', /not the expected file/],
    ['with a misspelt option', bytes, { inputs: {} }, 'bad-argument', /there is no "inputs"/],
    [
      'of an operator that ONNX Runtime lacks',
      onnxFile({ inputs: { x: ['b', 3, 4, 4] }, nodes: [['Nonsense', 'x', 'y']] }),
      {},
      'bad-model',
      /ONNX Runtime \(native\) cannot load it: .*Nonsense/,
    ],
  ] as const) {
    it(what, () => assert.rejects(opened(model, onnx as Onnx), code(wanted, message)));
  }

  it('whose open size is another than the usual one, until it is given', async () => {
    const model = onnxFile({
      inputs: { x: ['b', 3, 'h', 'w'] },
      tensors: { m: { dims: [48, 2], float: new Array(96).fill(1) } },
      nodes: [
        ['Flatten', 'x', 'f'],
        ['MatMul', 'f m', 'embedding'],
      ],
      outputs: 'embedding',
    });
    await assert.rejects(opened(model), code('bad-model', /size open and 224×224 was tried.*onnx\.input\.size/));
    await using embedder = await opened(model, { input: { size: 4 } });
    assert.equal(embedder.width, 2);
  });

  it('where options for .onnx files are given with another encoder', () =>
    assert.rejects(createEmbedder({ ...engine, onnx: {} }), code('bad-argument', /onnx is for an \.onnx file/)));
});

describe('a bag of an .onnx file run as it is', () => {
  const model = onnxFile({ inputs: { x: ['b', 3, 4, 8] }, nodes: MEANS, outputs: 'embedding' }, ofType('uint8'));

  it('is of patches of the input’s proportions, from the image as it was given', async () => {
    await using embedder = await createEmbedder({ ...engine, encoder: model });
    const image = picture(64, 32);
    const bag = await embedder.bag(image, { placement: { kind: 'grid', across: 3 }, keepPatches: true, whole: true });
    assert.equal(bag.count, 9);
    const { boxes } = bag.patches!;
    assert.ok(boxes.every(({ width, height }) => width === 2 * height && width === 32));
    assert.deepEqual(
      [boxes[0], boxes[8]].map(({ x, y }) => [x, y]),
      [
        [0, 0],
        [32, 16],
      ],
    );
    // Each patch is the mean of its own pixels.
    boxes.forEach((box, k) => {
      let sum = 0;
      for (let y = box.y; y < box.y + box.height; y++)
        for (let x = box.x; x < box.x + box.width; x++) sum += image.data[3 * (y * 64 + x)];
      const mean = sum / (box.width * box.height);
      assert.ok(Math.abs(bag.patches!.vectors.data[3 * k] - mean) < 1.5);
    });
    assert.deepEqual(bag.whole, await embedder.embed(image));
    const scales = await embedder.bag(image, {
      placement: { kind: 'grid', across: 2, scales: [0.0625, 1] },
      keepPatches: true,
    });
    assert.deepEqual(
      scales.patches!.boxes.map(({ width }) => width),
      [16, 16, 16, 16, 64, 64, 64, 64],
    );
  });

  it('does not depend on the images beside it, and is as the encoder’s placement says', async () => {
    await using embedder = await createEmbedder({
      ...engine,
      encoder: model,
      placement: { kind: 'tiles', overlap: 0 },
    });
    const images = Array.from({ length: 70 }, (_, k) => picture(16 + k, 20));
    const together = await embedder.matrix(images);
    assert.deepEqual(await embedder.embed(images[66]), together.data.subarray(66 * 3, 67 * 3));
    assert.ok((await embedder.bag(images[0])).count > 1);
    assert.match(await embedder.encoder.digest(), /^[0-9a-f]{64}$/);
  });

  it('is not dense', async () => {
    await using embedder = await createEmbedder({ ...engine, encoder: model });
    for (const work of [embedder.denseStride(), embedder.embed(picture(8, 8), { placement: { kind: 'dense' } })])
      await assert.rejects(work, code('bad-model', /no dense bag; use a grid/));
  });
});
