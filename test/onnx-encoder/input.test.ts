import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { type ModelProto, StringStringEntryProtoSchema } from 'onnx-buf';
import { toHalf } from '../../src/base/half.ts';
import { readConfig } from '../../src/onnx-encoder/configs-beside.ts';
import { planInput } from '../../src/onnx-encoder/input-plan.ts';
import { modelSignature } from '../../src/onnx-encoder/model-signature.ts';
import { OnnxEncoder } from '../../src/onnx-encoder/onnx-encoder.ts';
import { onnxFiles } from '../../src/onnx-encoder/onnx-files.ts';
import type { OnnxInput } from '../../src/onnx-encoder/onnx-options.ts';
import { type FileNode, onnxFile } from '../support/onnx-file.ts';

const POOLED: readonly FileNode[] = [
  ['GlobalAveragePool', 'n', 'p'],
  ['Flatten', 'p', 'y'],
];

interface Case {
  readonly nodes?: readonly FileNode[];
  readonly constant?: number;
  readonly dims?: readonly (number | string)[];
  readonly edit?: (model: ModelProto) => void;
  readonly given?: OnnxInput;
  readonly config?: readonly [file: string, json: object];
}

/** How images of a model are prepared, and what is said. */
function planned({ nodes = [['Relu', 'x', 'n']], constant = 1, dims = ['b', 3, 8, 8], ...more }: Case) {
  const tensors = { c: { dims: [1], float: [constant] } };
  const bytes = onnxFile({ inputs: { x: dims }, tensors, nodes: [...nodes, ...POOLED] }, more.edit);
  const config = more.config && readConfig(more.config[0], JSON.stringify(more.config[1]));
  const { plan, notes } = planInput(modelSignature(bytes, 'model'), 'model', more.given, config);
  return { plan, said: notes.join(' ') };
}

const IMAGENET = [0.485, 0.456, 0.406];
const PLAIN = [
  [0, 0, 0],
  [1, 1, 1],
];

describe('a model that normalises by itself is given plain values', () => {
  const nodes: readonly FileNode[] = [['Sub', 'x c', 'n']];

  for (const [what, bits] of [
    ['float16 in whole numbers', { dataType: 10, floatData: [], int32Data: [...toHalf([127.5])] }],
    ['float16 in bytes', { dataType: 10, floatData: [], rawData: new Uint8Array(toHalf([127.5]).buffer) }],
    ['double', { dataType: 11, floatData: [], doubleData: [127.5] }],
    ['double in bytes', { dataType: 11, floatData: [], rawData: new Uint8Array(Float64Array.of(127.5).buffer) }],
  ] as const) {
    it(`by a constant of ${what}`, () => {
      const { plan, said } = planned({ nodes, edit: ({ graph }) => void Object.assign(graph!.initializer[0], bits) });
      assert.deepEqual([plan.range, plan.mean, plan.std], [255, ...PLAIN]);
      assert.match(said, /normalises by itself \("Sub"\)/);
    });
  }

  it('where its size is read as well', () => {
    for (const operator of ['Shape', 'Size']) {
      const { plan } = planned({ nodes: [[operator, 'x', 's'], ...nodes], constant: 127.5 });
      assert.deepEqual([plan.range, plan.mean], [255, PLAIN[0]]);
    }
  });

  it('also where a configuration says nothing of values, and it says so', () => {
    const { plan, said } = planned({ nodes, constant: 127.5, config: ['preprocessor_config.json', { size: 8 }] });
    assert.deepEqual([plan.range, plan.fit], [255, 'stretch']);
    assert.match(said, /normalises by itself/);
  });
});

describe('the configuration of a network of timm', () => {
  const timm = { input_size: [3, 8, 8], crop_pct: 0.5, mean: [0.1, 0.2, 0.3], std: [0.4, 0.5, 0.6] };
  const config = ['config.json', { pretrained_cfg: timm }] as const;

  it('says mean and deviation', () => {
    const { plan, said } = planned({ config });
    assert.deepEqual([plan.mean, plan.std, plan.crop, said], [timm.mean, timm.std, 0.5, '']);
  });

  it('gives none to a file that normalises, or has its channels last', () => {
    for (const more of [{ nodes: [['Sub', 'x c', 'n']] as const, constant: 0.5 }, { dims: ['b', 8, 8, 3] }]) {
      const { plan, said } = planned({ config, ...more });
      assert.deepEqual([plan.mean, plan.std, plan.crop], [...PLAIN, 0.5]);
      assert.match(said, /is given values of 0 to 1/);
    }
  });
});

describe("a model's own metadata", () => {
  const saying = (metadata: Readonly<Record<string, string>>) => (model: ModelProto) => {
    model.metadataProps = Object.entries(metadata).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value }),
    );
  };

  for (const [value, range, mean, std] of [
    ['NominalRange_0_255', 255, 0, 1],
    ['Normalized_0_1', 1, 0, 1],
    ['normalized_1_1', 1, 0.5, 0.5],
    ['NominalRange_16_235', 255, (-16 * 255) / 219, 255 / 219],
  ] as const) {
    it(`asks for ${value}`, () => {
      const { plan, said } = planned({ edit: saying({ 'Image.NominalPixelRange': value }) });
      assert.equal(plan.range, range);
      assert.ok(plan.mean.every((each) => Math.abs(each - mean) < 1e-9) && plan.std.every((each) => each === std));
      assert.equal(said, '');
    });
  }

  it('asks for blue, green, red, in any case', () => {
    for (const value of ['Bgr8', 'BGRA8']) {
      const { plan, said } = planned({ edit: saying({ 'image.bitmapPixelFormat': value }) });
      assert.deepEqual([plan.channels, plan.mean], ['bgr', IMAGENET]);
      assert.match(said, /Nothing says how the model's input is normalised/);
    }
  });

  it('of Ultralytics asks for plain values and says the size', () => {
    const edit = saying({ author: 'Ultralytics', imgsz: '[64, 32]', stride: '32' });
    const { plan, said } = planned({ dims: ['b', 3, 'h', 'w'], edit });
    assert.deepEqual([plan.rows, plan.columns, plan.range, plan.mean, plan.std], [64, 32, 1, ...PLAIN]);
    assert.equal(said, '');
    assert.match(
      planned({ edit }).said,
      /Its metadata asks for 64×32, and model takes "x" \[b,3,8,8\]: its size is 8×8/,
    );
  });

  it('gives way to a file beside the model, and to what is given', () => {
    const edit = saying({ 'Image.NominalPixelRange': 'NominalRange_0_255', 'Image.BitmapPixelFormat': 'Bgr8' });
    const config = ['preprocessor_config.json', { image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] }] as const;
    const { plan } = planned({ edit, config, given: { channels: 'rgb' } });
    assert.deepEqual([plan.range, plan.mean[0], plan.channels], [1, 0.5, 'rgb']);
  });
});

it('a share that was told for one way is not taken for the other', () => {
  const config = [
    'preprocessor_config.json',
    { size: { shortest_edge: 16 }, do_center_crop: true, crop_size: 8 },
  ] as const;
  assert.equal(planned({ config }).plan.crop, 0.5);
  assert.equal(planned({ config, given: { fit: 'stretch' } }).plan.crop, 1);
});

it('what an encoder is kept with says the same of its input', () => {
  for (const given of [
    { fit: 'stretch', crop: 0.5 },
    { fit: 'stretch' },
    { fit: 'crop', crop: 0.8 },
    { channels: 'bgr', range: 255, mean: 3, std: [4, 5, 6], interpolation: 'bicubic' },
  ] as const) {
    const { plan } = planned({ given });
    const output = { name: 'y', isOutput: true } as never;
    const encoder = new OnnxEncoder({
      ...{ name: 'net', model: new Uint8Array(), data: new Map(), input: plan, output, notes: [], sizeAssumed: false },
      placement: { kind: 'whole' },
    });
    const text = new TextDecoder().decode(onnxFiles(encoder)['preprocessor_config.json']);
    assert.deepEqual(planned({ config: ['preprocessor_config.json', JSON.parse(text)] }).plan, plan);
  }
});
