import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Whitening } from '../../src/embed.ts';
import { type BagsslError, createEmbedder } from '../../src/index.ts';
import { onnxFiles, openData } from '../../src/node.ts';
import { mappedOnnx } from '../../src/onnx-encoder/mapped-onnx.ts';
import type { OnnxEncoder } from '../../src/onnx-encoder/onnx-encoder.ts';
import { OnnxProgram } from '../../src/onnx-encoder/onnx-program.ts';
import type { Pixels } from '../../src/patches.ts';
import { Runtime } from '../../src/runtime.ts';
import { adaptOnnx } from '../../src/train.ts';
import { difference } from '../support/golden.ts';
import { type FileNode, type OnnxFile, onnxFile } from '../support/onnx-file.ts';
import { randoms } from '../support/random.ts';

const engine = { device: 'native', threads: 1, onWarning: () => {} } as const;
const runtime = await Runtime.open({ device: 'native', threads: 1 });
const folder = await mkdtemp(join(tmpdir(), 'bagssl-adapted-'));
after(() => rm(folder, { recursive: true }));
const image: Pixels = {
  data: Uint8Array.from({ length: 4 * 6 * 3 }, (_, i) => (i * 37) & 255),
  width: 6,
  height: 4,
  layout: 'rgb',
};

describe('a map behind an .onnx file', () => {
  const [mean, map] = [randoms(1, 3), randoms(2, 9)];
  const tokens: readonly FileNode[] = [
    ['Reshape', 'x s', 'r'],
    ['Transpose', 'r', 'y', { perm: [0, 2, 1] }],
  ];
  const s = { s: { dims: [3], int64: [0, 3, 24] } };
  const flat: readonly FileNode[] = [
    ['GlobalAveragePool', 'x', 'p'],
    ['Flatten', 'p', 'embedding'],
  ];
  for (const [what, file, onnx] of [
    ['of vectors', { nodes: flat, outputs: 'embedding' }, {}],
    ['of maps', { nodes: [['Relu', 'x', 'y']] }, {}],
    ['of maps of opset 18', { opset: 18, nodes: [['Relu', 'x', 'y']] }, {}],
    ['of maps with the channels last', { nodes: [['Transpose', 'x', 'y', { perm: [0, 2, 3, 1] }]] }, {}],
    ['of tokens', { nodes: tokens, tensors: s }, {}],
    ['of the first token', { nodes: tokens, tensors: s }, { pool: 'first' }],
    [
      'of vectors without a batch',
      { nodes: [...flat, ['Squeeze', 'embedding', 'y', { axes: [0] }]], opset: 11, inputs: { x: [1, 3, 4, 6] } },
      {},
    ],
    ['of a batch of two', { nodes: [['Relu', 'x', 'y']], inputs: { x: [2, 3, 4, 6] } }, {}],
    [
      'of a value inside',
      {
        nodes: [
          ['Relu', 'x', 'm'],
          ['Flatten', 'm', 'y'],
        ],
      },
      { output: 'm' },
    ],
  ] as const) {
    it(`${what} gives (v − mean)·map, also from the files that it is kept in`, async () => {
      const bytes = onnxFile({ inputs: { x: ['b', 3, 4, 6] }, ...file } as OnnxFile);
      const input = { mean: [0.1, 0.2, 0.3], std: 0.5, crop: 0.8, interpolation: 'bicubic' } as const;
      await using before = await createEmbedder({ ...engine, encoder: bytes, onnx: { input, ...onnx } });
      const vector = await before.embed(image);
      const encoder = before.encoder as OnnxEncoder;
      const program = await OnnxProgram.open(runtime, encoder);
      const mapped = mappedOnnx(encoder, mean, map, program.dims);
      await program.dispose();
      const expected = [...new Whitening(mean, map).apply(vector)];
      await using embedder = await createEmbedder({ ...engine, encoder: mapped });
      assert.ok(difference(await embedder.embed(image), expected) < 1e-5);
      for (const [name, content] of Object.entries(onnxFiles(mapped))) await writeFile(join(folder, name), content);
      await using kept = await createEmbedder({ ...engine, encoder: join(folder, 'encoder.onnx') });
      assert.ok(difference(await kept.embed(image), expected) < 1e-5);
      assert.deepEqual((kept.encoder as OnnxEncoder).notes, []);
    });
  }

  it('is learnt without labels, or the file is kept', async () => {
    const { labels: _, ...images } = await openData('builtin', { limit: 40 });
    const nodes: readonly FileNode[] = [
      ['Conv', 'x w', 'c', { strides: [4, 4] }],
      ['Relu', 'c', 'r'],
      ['GlobalAveragePool', 'r', 'p'],
      ['Flatten', 'p', 'embedding'],
    ];
    const tensors = { w: { dims: [16, 3, 4, 4], float: [...randoms(3, 16 * 48)] } };
    const encoder = onnxFile({ inputs: { x: ['b', 3, 32, 32] }, nodes, tensors, outputs: 'embedding' });
    const found = await adaptOnnx({ ...engine, images, encoder });
    assert.equal(found.images, 40);
    assert.equal(found.gained, found.after!.score > found.before!.score);
    assert.equal(found.encoder === found.from, !found.gained);
    assert.equal(/gained nothing/.test(found.reason ?? ''), !found.gained);
    await using embedder = await createEmbedder({ ...engine, encoder: found.encoder });
    assert.equal(embedder.width, 16);
    await assert.rejects(
      adaptOnnx({ ...engine, images, encoder: 'models/cifar10.safetensors' }),
      (error: BagsslError) => error.code === 'bad-argument' && /adaptEncoder/.test(error.message),
    );
  });
});
