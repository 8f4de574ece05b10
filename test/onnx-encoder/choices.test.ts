import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { TensorShapeProto_DimensionSchema, TensorShapeProtoSchema, TypeProto_SequenceSchema } from 'onnx-buf';
import { readConfig } from '../../src/onnx-encoder/configs-beside.ts';
import { modelSignature } from '../../src/onnx-encoder/model-signature.ts';
import { planOutput } from '../../src/onnx-encoder/output-plan.ts';
import { type FileNode, type OnnxFile, onnxFile } from '../support/onnx-file.ts';

const tensors = {
  w: { dims: [3, 2], float: [1, 2, 3, 4, 5, 6] },
  b: { dims: [2], float: [0, 0] },
  k1: { dims: [5, 3, 1, 1], float: new Array(15).fill(1) },
  k4: { dims: [4, 3, 1, 1], float: new Array(12).fill(1) },
  k16: { dims: [16, 3, 1, 1], float: new Array(48).fill(1) },
  k3: { dims: [3, 3, 3, 3], float: new Array(81).fill(1) },
  s: { dims: [], float: [1] },
  z: { dims: [2], int64: [0, -1] },
};
const POOLED: readonly FileNode[] = [
  ['GlobalAveragePool', 'x', 'p'],
  ['Flatten', 'p', 'v'],
];

/** The value that is taken of a model, and what is said. */
function taken(nodes: readonly FileNode[], outputs = 'y', more: Partial<OnnxFile> = {}, dims?: readonly number[]) {
  return takenOf(nodes, dims ? { [outputs]: { dims } } : {}, { outputs, ...more });
}

/** The same of a model with several outputs, of these types and shapes. */
function takenOf(
  nodes: readonly FileNode[],
  said: Readonly<Record<string, { readonly type?: number; readonly dims?: readonly (number | string)[] }>>,
  more: Partial<OnnxFile> = {},
) {
  const outputs = Object.keys(said).join(' ') || 'y';
  const bytes = onnxFile({ inputs: { x: ['b', 3, 32, 32] }, tensors, nodes, outputs, ...more }, ({ graph }) => {
    for (const { name, type } of graph!.output) {
      const { type: code = 1, dims } = said[name] ?? {};
      const { value } = type!;
      if (value.case !== 'tensorType') continue;
      if (code === 0)
        Object.assign(type!, { value: { case: 'sequenceType', value: create(TypeProto_SequenceSchema) } });
      value.value.elemType = code;
      const dim = dims?.map((extent) =>
        create(TensorShapeProto_DimensionSchema, {
          value:
            typeof extent === 'number'
              ? { case: 'dimValue', value: BigInt(extent) }
              : { case: 'dimParam', value: extent },
        }),
      );
      if (dim) value.value.shape = create(TensorShapeProtoSchema, { dim });
    }
  });
  const { plan, notes } = planOutput(modelSignature(bytes, 'model'), 'model', {});
  return { name: plan.name, isOutput: plan.isOutput, said: notes.join(' ') };
}

describe('of a classifier the value before its last linear layer is taken', () => {
  for (const [what, nodes] of [
    ['Gemm', [['Gemm', 'v w b', 'y']]],
    ['MatMul', [['MatMul', 'v w', 'y']]],
    [
      'MatMul and Add',
      [
        ['MatMul', 'v w', 'm'],
        ['Add', 'm b', 'y'],
      ],
    ],
    [
      'a bias added from the left',
      [
        ['MatMul', 'v w', 'm'],
        ['Add', 'b m', 'y'],
      ],
    ],
    [
      'Softmax',
      [
        ['Gemm', 'v w b', 'l'],
        ['Softmax', 'l', 'y'],
      ],
    ],
    [
      'Sigmoid, then Squeeze',
      [
        ['Gemm', 'v w b', 'l'],
        ['Sigmoid', 'l', 'q'],
        ['Squeeze', 'q', 'y'],
      ],
    ],
    [
      'quantised weights',
      [
        ['QuantizeLinear', 'w s', 'q'],
        ['DequantizeLinear', 'q s', 'd'],
        ['Gemm', 'v d b', 'y'],
      ],
    ],
    [
      'a quantised input',
      [
        ['QuantizeLinear', 'v s', 'q'],
        ['DequantizeLinear', 'q s', 'd'],
        ['Gemm', 'd w b', 'y'],
      ],
    ],
    [
      'dynamic quantisation',
      [
        ['DynamicQuantizeLinear', 'v', 'q qs qz'],
        ['MatMulInteger', 'q w qz', 'i'],
        ['Cast', 'i', 'f', { to: 1 }],
        ['Mul', 'qs s', 'scales'],
        ['Mul', 'f scales', 'm'],
        ['Add', 'm b', 'y'],
      ],
    ],
  ] as const) {
    it(what, () => {
      const { name, isOutput, said } = taken([...POOLED, ...(nodes as readonly FileNode[])]);
      assert.deepEqual([name, isOutput], ['v', false], said);
      assert.match(said, /is no embedding: the value before that layer \(.*\), "v", is taken/);
    });
  }

  it('a 1×1 convolution, a mean and Softmax', () => {
    const { name } = taken([
      ['Relu', 'x', 'r'],
      ['Conv', 'r k1', 'c', { kernel_shape: [1, 1] }],
      ['GlobalAveragePool', 'c', 'g'],
      ['Softmax', 'g', 'y'],
    ]);
    assert.equal(name, 'r');
  });
});

describe('of a head written as a 1×1 convolution, what it classifies is taken', () => {
  const after = (k: string): readonly FileNode[] => [
    ['Relu', 'x', 'r'],
    ['Conv', `r ${k}`, 'c', { kernel_shape: [1, 1] }],
    ['Relu', 'c', 'q'],
    ['GlobalAveragePool', 'q', 'g'],
    ['Flatten', 'g', 'y'],
  ];
  it('behind a pooling, then Softmax', () => {
    const { name } = taken([
      ['GlobalAveragePool', 'x', 'p'],
      ['Relu', 'p', 'r'],
      ['Conv', 'r k1', 'c', { kernel_shape: [1, 1] }],
      ['Add', 'c s', 'a'],
      ['Transpose', 'a', 't', { perm: [0, 2, 3, 1] }],
      ['Reshape', 't z', 'l'],
      ['Softmax', 'l', 'y'],
    ]);
    assert.equal(name, 'r');
  });
  it('behind a pooling, without Softmax', () => {
    const nodes: readonly FileNode[] = [
      ['GlobalAveragePool', 'x', 'p'],
      ['Conv', 'p k1', 'c', { kernel_shape: [1, 1] }],
      ['Flatten', 'c', 'y'],
    ];
    const { name, said } = taken(nodes, 'y', {}, [1, 5]);
    assert.equal(name, 'p', said);
    assert.equal(taken(nodes.slice(0, 2), 'c', {}, [1, 5, 1, 1]).name, 'c');
  });
  it('before a pooling, without Softmax, where its width is none of features', () => {
    assert.equal(taken(after('k1'), 'y', {}, [1, 5]).name, 'r');
    assert.equal(taken(after('k16'), 'y', {}, [1, 16]).name, 'y');
  });
});

it('of two heads whose mean is given, what the first classifies is taken', () => {
  const heads: readonly FileNode[] = [
    ...POOLED,
    ['Relu', 'v', 'u'],
    ['Gemm', 'v w b', 'first'],
    ['Gemm', 'u w b', 'second'],
    ['Add', 'first second', 'sum'],
  ];
  assert.equal(taken([...heads, ['Div', 'sum s', 'y']]).name, 'v');
  assert.equal(taken([...heads, ['Identity', 'sum', 'y']]).name, 'y');
});

describe('of labels', () => {
  const LABELLED: readonly FileNode[] = [
    ['Softmax', 'l', 'q'],
    ['ArgMax', 'q', 'a'],
    ['ai.onnx.ml.ArrayFeatureExtractor', 'b a', 'classLabel'],
    ['ai.onnx.ml.ZipMap', 'q', 'loss'],
  ];
  const said = { classLabel: { type: 8, dims: [1, 1] }, loss: { type: 0 } };
  it('what a classifier makes its scores of is taken', () => {
    const { name, said: notes } = takenOf([...POOLED, ['Gemm', 'v w b', 'l'], ...LABELLED], said);
    assert.equal(name, 'v');
    assert.match(notes, /"classLabel" \[1,1\] is labels of scores of classes \(Softmax\)/);
  });
  it('the scores are taken where no linear layer makes them', () => {
    const { name, said: notes } = takenOf([...POOLED, ['Tanh', 'v', 'q'], ...LABELLED.slice(1)], said);
    assert.equal(name, 'q');
    assert.match(notes, /is labels, which are no embedding/);
  });
  it('floating numbers come first, whatever the name', () => {
    const nodes: readonly FileNode[] = [...POOLED, ['ArgMax', 'v', 'embedding'], ['Relu', 'v', 'other']];
    assert.equal(takenOf(nodes, { embedding: { type: 7, dims: [1, 1] }, other: { dims: [1, 3] } }).name, 'other');
  });
});

describe('of a detector the deepest map is taken', () => {
  const reshape = (from: string, to: string): FileNode => ['Reshape', `${from} z`, to];
  const BOXES: readonly FileNode[] = [
    ['Conv', 'x k16', 'deep', { kernel_shape: [1, 1] }],
    ['Relu', 'deep', 'a'],
    ['Conv', 'x k1', 'b0', { kernel_shape: [1, 1] }],
    ['Relu', 'b0', 'small'],
  ];
  const headTensors = {
    ...tensors,
    h16: { dims: [4, 16, 1, 1], float: new Array(64).fill(1) },
    h5: { dims: [4, 5, 1, 1], float: new Array(20).fill(1) },
  };
  const HEADS: readonly FileNode[] = [
    ['Conv', 'small h5', 'd5', { kernel_shape: [1, 1] }],
    ['Conv', 'a h16', 'd16', { kernel_shape: [1, 1] }],
    reshape('d5', 'f5'),
    reshape('d16', 'f16'),
  ];
  const more = { tensors: headTensors };
  it('before the head with the most channels, of one output', () => {
    const nodes: readonly FileNode[] = [...BOXES, ...HEADS, ['Concat', 'f5 f16', 'y', { axis: 2 }]];
    const { name, said } = takenOf(nodes, { y: { dims: [1, 84, 8400] } }, more);
    assert.equal(name, 'a');
    assert.match(
      said,
      /"y" \[1,84,8400\] is what a detector says of boxes, which is no embedding: the deepest map before that, "a"/,
    );
  });
  it('before what enlarges it first', () => {
    const nodes: readonly FileNode[] = [
      ['Resize', 'x - s', 'x2'],
      ...BOXES,
      ['Resize', 'small - s', 'up'],
      ...HEADS.map((node): FileNode => (node[1] === 'small h5' ? ['Conv', 'up h5', 'd5'] : node)),
      ['Concat', 'f5 f16', 'y', { axis: 2 }],
    ];
    assert.equal(takenOf(nodes, { y: { dims: [1, 84, 8400] } }, more).name, 'small');
  });
  it('of outputs for the same boxes', () => {
    const said = { f5: { dims: [1, 'anchors', 4] }, f16: { dims: [1, 'anchors', 2] } };
    assert.equal(takenOf([...BOXES, ...HEADS], said, more).name, 'a');
    const other = { f5: { dims: [1, 'anchors', 4] }, f16: { dims: [1, 'others', 2] } };
    assert.equal(takenOf([...BOXES, ...HEADS], other, more).name, 'f5');
  });
  it('of boxes that are selected', () => {
    const nodes: readonly FileNode[] = [
      ...BOXES,
      ...HEADS,
      ['NonMaxSuppression', 'f5 f16', 'i'],
      ['Gather', 'f5 i', 'boxes'],
    ];
    assert.equal(takenOf(nodes, { boxes: { dims: ['n', 4] } }, more).name, 'a');
  });
  it('and of a map or tokens that are flattened, nothing', () => {
    const map: readonly FileNode[] = [...BOXES, ['Concat', 'a small', 'both', { axis: 1 }], reshape('both', 'y')];
    assert.equal(takenOf(map, { y: { dims: [1, 49, 768] } }, more).name, 'y');
  });
  it('of logits of every box, what they are made of', () => {
    const nodes: readonly FileNode[] = [
      ['Relu', 'x', 'r'],
      ['MatMul', 'r w', 'logits'],
      ['MatMul', 'r w', 'pred_boxes'],
    ];
    assert.equal(takenOf(nodes, { logits: { dims: [1, 100, 92] }, pred_boxes: { dims: [1, 100, 4] } }).name, 'r');
  });
});

describe('an output stays as it is', () => {
  for (const [what, nodes, outputs, dims] of [
    ['if its name says that it is a vector', [['Gemm', 'v w b', 'image_embeds']], 'image_embeds', undefined],
    ['without a linear layer at its end', [['Relu', 'v', 'y']], 'y', undefined],
    [
      'if a linear layer is followed by an activation',
      [
        ['Gemm', 'v w b', 'g'],
        ['Relu', 'g', 'y'],
      ],
      'y',
      undefined,
    ],
    [
      'if two values are added',
      [
        ['MatMul', 'v w', 'm'],
        ['Relu', 'm', 'r'],
        ['Add', 'm r', 'y'],
      ],
      'y',
      undefined,
    ],
    ['if it has tokens', [['MatMul', 'v w', 'y']], 'y', [1, 7, 2]],
    ['if it is a map of one position', [['Relu', 'p', 'y']], 'y', [1, 3, 1, 1]],
  ] as const) {
    it(what, () => {
      const { name, isOutput } = taken([...POOLED, ...(nodes as never as FileNode[])], outputs, {}, dims);
      assert.deepEqual([name, isOutput], [outputs, true]);
    });
  }
});

it('of an image made of an image the value before the last convolution is taken', () => {
  const nodes: readonly FileNode[] = [
    ['Relu', 'x', 'r'],
    ['Conv', 'r k3', 'c', { pads: [1, 1, 1, 1] }],
    ['Sigmoid', 'c', 'y'],
  ];
  const { name, said } = taken(nodes, 'y', {}, [1, 3, 32, 32]);
  assert.equal(name, 'r');
  assert.match(said, /is an image/);
});

describe('an image whose axes are open or three', () => {
  const open = { x: ['b', 3, 'height', 'width'] } as const;
  const depth: readonly FileNode[] = [
    ['Relu', 'x', 'r'],
    ['Conv', 'r k1', 'c', { kernel_shape: [1, 1] }],
    ['Squeeze', 'c', 'y'],
  ];
  const before = (nodes: readonly FileNode[], dims: readonly (number | string)[], name = 'y') =>
    takenOf(
      nodes.map(([type, from, to, more]): FileNode => [type, from, to === 'y' ? name : to, more]),
      { [name]: { dims } },
      { inputs: open },
    ).name;
  it('a map of depth, by its axes or its name', () => {
    assert.equal(before(depth, ['b', 'height', 'width']), 'r');
    assert.equal(before(depth, ['b', 'h', 'w'], 'predicted_depth'), 'r');
    assert.equal(before(depth, ['b', 'tokens', 64]), 'y');
  });
  it('colours, by the last convolution', () => {
    const nodes = (k: string): readonly FileNode[] => [
      ['Relu', 'x', 'r'],
      ['Conv', `r ${k}`, 'y', { kernel_shape: [1, 1] }],
    ];
    assert.equal(before(nodes('k4'), ['b', 'c', 'h', 'w'], 'reconstruction'), 'r');
    assert.equal(before(nodes('k16'), ['b', 'c', 'h', 'w']), 'y');
  });
  it('an image to which what was computed is added', () => {
    const nodes: readonly FileNode[] = [
      ['Relu', 'x', 'r'],
      ['Conv', 'r k3', 'c'],
      ['Add', 'x c', 'y'],
    ];
    assert.equal(taken(nodes, 'y', {}, [1, 3, 32, 32]).name, 'r');
  });
});

describe('a preprocessor_config.json', () => {
  const read = (config: object) => readConfig('preprocessor_config.json', JSON.stringify(config))!;
  const norm = { image_mean: [0.5, 0.5, 0.5], image_std: [0.25, 0.25, 0.25] };

  for (const [what, config, expected] of [
    [
      'of ViT stretches',
      { size: { height: 224, width: 196 }, resample: 2 },
      { size: [224, 196], fit: 'stretch', interpolation: 'bilinear' },
    ],
    ['of ViT, before sizes had names', { size: 224 }, { size: [224, 224], fit: 'stretch' }],
    [
      'of CLIP and DINOv2 crops',
      { size: { shortest_edge: 256 }, do_center_crop: true, crop_size: { height: 224, width: 224 }, resample: 3 },
      { size: [224, 224], fit: 'crop', crop: 0.875, interpolation: 'bicubic' },
    ],
    [
      'of ConvNeXt crops a share',
      { size: { shortest_edge: 224 }, crop_pct: 0.875 },
      { size: 224, fit: 'crop', crop: 0.875 },
    ],
    [
      'of ConvNeXt stretches from 384 on',
      { size: { shortest_edge: 384 }, crop_pct: 0.875 },
      { size: 384, fit: 'stretch' },
    ],
    ['says mean and deviation', norm, { range: 1, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] }],
    ['says that there are none', { ...norm, do_normalize: false }, { range: 1, mean: [0, 0, 0], std: [1, 1, 1] }],
    [
      'scales by 1/127.5',
      { rescale_factor: 1 / 127.5, image_mean: [1, 1, 1], image_std: [1, 1, 1] },
      { range: 1, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
    ],
    [
      'keeps levels',
      { do_rescale: false, image_mean: [120, 120, 120], image_std: [60, 60, 60] },
      { range: 255, mean: [120, 120, 120], std: [60, 60, 60] },
    ],
    [
      'has a factor of null',
      { ...norm, rescale_factor: null },
      { range: 1, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
    ],
    ['of sizes alone says nothing of values', { size: 224 }, { range: undefined, mean: undefined, std: undefined }],
    ...(['image_processor_type', 'feature_extractor_type'] as const).map(
      (key) =>
        [
          `of EfficientNet divides twice (${key})`,
          { ...norm, [key]: 'EfficientNetImageProcessor' },
          { range: 1, mean: [0.5, 0.5, 0.5], std: [0.0625, 0.0625, 0.0625] },
        ] as const,
    ),
    [
      'of EfficientNet without its classifier divides once',
      { ...norm, image_processor_type: 'EfficientNetImageProcessor', include_top: false },
      { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
    ],
    [
      'of EfficientNet divides once where it does not normalise',
      { ...norm, image_processor_type: 'EfficientNetImageProcessorFast', do_normalize: false },
      { mean: [0, 0, 0], std: [0.25, 0.25, 0.25] },
    ],
    [
      'of EfficientNet subtracts 1 first',
      { ...norm, rescale_factor: 1 / 127.5, rescale_offset: true },
      { range: 1, mean: [0.75, 0.75, 0.75], std: [0.125, 0.125, 0.125] },
    ],
    [
      'of PoolFormer crops a share',
      { size: { shortest_edge: 224 }, crop_pct: 0.9, do_center_crop: true, crop_size: { height: 224, width: 224 } },
      { size: [224, 224], fit: 'crop', crop: 224 / 248 },
    ],
    [
      'of LeViT crops from 256/224 of its size',
      { feature_extractor_type: 'LevitFeatureExtractor', size: 224, do_center_crop: true, crop_size: 224 },
      { size: [224, 224], fit: 'crop', crop: 0.875 },
    ],
    [
      'of DeiT stretches, then crops',
      { size: { height: 256, width: 256 }, do_center_crop: true, crop_size: { height: 224, width: 224 } },
      { size: [224, 224], fit: 'stretch', crop: 0.875 },
    ],
    [
      'of DeiT stretches, before sizes had names',
      { feature_extractor_type: 'DeiTFeatureExtractor', size: 256, do_center_crop: true, crop_size: 224 },
      { size: [224, 224], fit: 'stretch', crop: 0.875 },
    ],
    ['turns channels round', { do_flip_channel_order: true }, { channels: 'bgr' }],
  ] as const) {
    it(what, () => {
      const { input } = read(config);
      assert.deepEqual(Object.fromEntries(Object.keys(expected).map((key) => [key, input[key as never]])), expected);
    });
  }

  it('of SAM gives the size that it pads to, and says that nothing is padded', () => {
    const size = { longest_edge: 1024 };
    for (const [config, expected] of [
      [{ size, do_pad: true, pad_size: { height: 1024, width: 512 } }, [1024, 512]],
      [{ size }, [1024, 1024]],
    ] as const) {
      const { input, notes } = read(config);
      assert.deepEqual(input, { size: expected, fit: 'crop', crop: 1 });
      assert.match(notes.join(), /preprocessor_config\.json asks for images padded to 1024×\d+; their middle is taken/);
    }
  });

  it('that asks for what there is not says so', () => {
    const { input, notes } = read({ resample: 1 });
    assert.equal(input.interpolation, 'bicubic');
    assert.match(notes.join(), /asks for Lanczos resampling; bicubic is used/);
  });

  it('that asks for more pixels than an input may have is not followed', () => {
    assert.equal(readConfig('preprocessor_config.json', '{"size":{"height":1e9,"width":1e9}}'), undefined);
    assert.equal(read({ size: { shortest_edge: 224 }, crop_pct: 1e-9 }).input.crop, 1);
  });

  it('that is none is left alone', () => {
    for (const text of ['<!doctype html>', '[]', '3', '{"size"', '', '{}', '{"processor_class":"CLIPProcessor"}'])
      assert.equal(readConfig('preprocessor_config.json', text), undefined);
    assert.deepEqual(Object.keys(read({ size: 'large', resample: 'x', image_mean: 'y' }).input).sort(), [
      'interpolation',
      'mean',
      'range',
      'std',
    ]);
  });
});

describe('another configuration', () => {
  const read = (file: string, config: object) => readConfig(file, JSON.stringify(config));
  const numbers = { mean: [0.48, 0.45, 0.4], std: [0.26, 0.26, 0.27] };

  it('of a processor has that of its images inside', () => {
    const images = { size: { height: 8, width: 8 }, image_mean: [0, 0, 0], image_std: [1, 1, 1] };
    for (const key of ['image_processor', 'feature_extractor'])
      assert.deepEqual(read('processor_config.json', { [key]: images })?.input.size, [8, 8]);
    assert.equal(read('processor_config.json', { processor_class: 'CLIPProcessor' }), undefined);
  });

  it('of open_clip says size, mean, deviation and the way', () => {
    const file = 'preprocess_cfg.json';
    const config = { size: [224, 224], ...numbers, interpolation: 'bicubic', resize_mode: 'shortest' };
    const expected = { size: [224, 224], fit: 'crop', crop: 1, range: 1, ...numbers, interpolation: 'bicubic' };
    assert.deepEqual(read(file, config)?.input, expected);
    assert.deepEqual(read(file, { ...config, size: 224 })?.input, expected);
    assert.equal(read(file, { ...config, resize_mode: 'squash' })?.input.fit, 'stretch');
    assert.match(read(file, { ...config, resize_mode: 'longest' })!.notes.join(), /padded to 224×224/);
  });

  it('of timm is that of its pretrained weights', () => {
    const config = {
      input_size: [3, 224, 224],
      crop_pct: 0.9,
      crop_mode: 'center',
      ...numbers,
      interpolation: 'lanczos',
    };
    const { input, notes } = read('config.json', { pretrained_cfg: config })!;
    const crop = 224 / 248;
    assert.deepEqual(input, { size: [224, 224], fit: 'crop', crop, range: 1, ...numbers, interpolation: 'bicubic' });
    assert.match(notes.join(), /config\.json asks for Lanczos resampling; bicubic is used/);
    const squashed = { ...config, crop_mode: 'squash', crop_pct: 1 };
    assert.equal(read('config.json', { pretrained_cfg: squashed })?.input.fit, 'stretch');
    assert.equal(read('config.json', { model_type: 'vit', image_size: 224 }), undefined);
  });
});
