import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { PatchEncoder } from '../../src/embed.ts';
import {
  exportEmbedder,
  exportEncoder,
  exportSplitStep,
  exportStep,
  exportWeights,
  type StepManifest,
} from '../../src/export.ts';
import { fit } from '../../src/index.ts';
import { saveCheckpoint } from '../../src/node.ts';
import type { Checkpoint } from '../../src/train.ts';
import { bagssl } from '../support/command-line.ts';
import { plainImages, SHORT_RUN } from '../support/short-training.ts';

const folder = await mkdtemp(join(tmpdir(), 'bagssl-export-'));
after(() => rm(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

describe('bagssl export', () => {
  let trained: Checkpoint;
  before(async () => {
    await using training = fit({
      data: plainImages(),
      device: 'native',
      workers: 0,
      config: { ...SHORT_RUN, budget: { steps: 1 } },
    });
    for await (const _ of training);
    trained = await training.checkpoint();
    await saveCheckpoint(at('run'), trained);
  });

  it('writes what the functions of the same names give', async () => {
    const encoder = PatchEncoder.from(trained);
    const embedder = exportEmbedder(encoder.with({ feature: 'embedding' }), {
      width: 20,
      height: 12,
      placement: { kind: 'grid', across: 2 },
      unit: true,
      pixels: 'float32',
    });
    const changes = '--image-size 20x12 --patches grid2 --feature embedding --unit --pixels float32'.split(' ');
    for (const [given, expected] of [
      [changes, embedder],
      [['--what', 'encoder'], exportEncoder(encoder)],
      [['--what', 'weights'], exportWeights(encoder)],
    ] as const) {
      const out = at(`new/${given[1]}`);
      const result = await bagssl(['export', '--model', at('run'), '--out', out, '--json', ...given]);
      assert.equal(result.code, 0, result.stderr);
      assert.deepEqual(JSON.parse(result.stdout).files, [{ path: out, bytes: expected.length }]);
      assert.deepEqual(new Uint8Array(await readFile(out)), new Uint8Array(expected));
    }
  });

  it('writes a step with its current state, or with its first', async () => {
    for (const [given, from] of [
      [[], trained],
      [['--fresh'], undefined],
    ] as const) {
      const out = at(`step${given}`);
      const result = await bagssl(['export', '--model', at('run'), '--what', 'step', '--out', out, ...given]);
      assert.equal(result.code, 0, result.stderr);
      assert.deepEqual((await readdir(out)).sort(), ['state.safetensors', 'step.json', 'step.onnx']);
      const { model, state, manifest } = exportStep(trained.config, from);
      const written: StepManifest = JSON.parse(await readFile(join(out, 'step.json'), 'utf8'));
      assert.deepEqual(written, JSON.parse(JSON.stringify(manifest)));
      assert.equal(written.position.step, from ? 1 : 0);
      assert.deepEqual(new Uint8Array(await readFile(join(out, 'step.onnx'))), new Uint8Array(model));
      assert.deepEqual(new Uint8Array(await readFile(join(out, 'state.safetensors'))), new Uint8Array(state));
    }
  });

  it('writes a step in four models', async () => {
    const out = at('split');
    const what = ['--what', 'gradient,update', '--slices', '2', '--fresh'];
    const result = await bagssl(['export', '--model', at('run'), ...what, '--out', out]);
    assert.equal(result.code, 0, result.stderr);
    const { models, state, manifest } = exportSplitStep({ ...trained.config, slices: 2 });
    for (const [name, bytes] of Object.entries(models)) {
      assert.deepEqual(new Uint8Array(await readFile(join(out, `${name}.onnx`))), new Uint8Array(bytes), name);
    }
    assert.deepEqual(new Uint8Array(await readFile(join(out, 'state.safetensors'))), new Uint8Array(state));
    assert.deepEqual(JSON.parse(await readFile(join(out, 'step.json'), 'utf8')), JSON.parse(JSON.stringify(manifest)));
  });

  it('writes the encoder that comes with the package where none is named', async () => {
    const out = at('shipped.onnx');
    const result = await bagssl(['export', '--image-size', '32x32', '--out', out]);
    assert.equal(result.code, 0, result.stderr);
    const shipped = await PatchEncoder.read(new Uint8Array(await readFile('dist/encoder.safetensors')));
    assert.deepEqual(
      new Uint8Array(await readFile(out)),
      new Uint8Array(exportEmbedder(shipped, { width: 32, height: 32 })),
    );
    const step = await bagssl(['export', '--what', 'step', '--out', at('none')]);
    assert.equal(step.code, 2);
    assert.match(step.stderr, /needs a run, and the encoder that comes with bagssl has none/);
  });

  it('refuses what it cannot do, and existing files', async () => {
    const out = at('kept.safetensors');
    const weights = ['--what', 'weights', '--out', out];
    assert.equal((await bagssl(['export', '--model', at('run'), ...weights])).code, 0);
    const embedder = ['--out', at('x.onnx'), '--image-size', '16x16'];
    for (const [given, code, words] of [
      [weights, 2, /kept\.safetensors" already exists.*--overwrite/],
      [[...weights, '--overwrite'], 0, /Wrote/],
      [['--out', at('x.onnx')], 2, /--image-size is missing/],
      [['--out', at('x.onnx'), '--image-size', '20'], 2, /such as 224x160, got "20"/],
      [['--out', at('x.onnx'), '--image-size', '0x9'], 2, /width must be .*got 0/],
      [[...embedder, '--patches', '7'], 2, /7 random patches/],
      [[...embedder, '--feature', 'logits'], 2, /--feature must be one of.*"logits"/],
      [[...embedder, '--slices', '2'], 2, /--slices is for --what gradient,update, not embedder/],
      [[...embedder, '--fresh'], 2, /--fresh is for --what step and gradient,update, not embedder/],
      [[...embedder, '--what', 'soup'], 2, /--what must be one of.*"soup"/],
      [['--what', 'encoder', '--out', join(out, 'x.onnx')], 1, /could not be written/],
    ] as const) {
      const result = await bagssl(['export', '--model', at('run'), ...given]);
      assert.equal(result.code, code, `${given}: ${result.stderr}`);
      assert.match(result.stderr, words);
    }
    assert.ok(!(await readdir(folder)).some((name) => /x\.onnx|\.part$/.test(name)));
  });

  it('says what the network alone of an encoder with a layout lacks, and refuses a feature of it', async () => {
    const encoder = ['export', '--what', 'encoder', '--out', at('network.onnx')];
    const { code, stderr } = await bagssl(encoder);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /vectors of patches.*--what embedder/);
    const refused = await bagssl([...encoder, '--overwrite', '--feature', 'preFeature']);
    assert.equal(refused.code, 2, refused.stderr);
    assert.match(
      refused.stderr,
      /--feature is for encoders of patches; the one that comes with bagssl sees whole images/,
    );
  });
});
