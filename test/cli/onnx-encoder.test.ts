import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { readNpy } from '../../src/formats.ts';
import { bagssl } from '../support/command-line.ts';
import { onnxFile } from '../support/onnx-file.ts';

const folder = await mkdtemp(join(tmpdir(), 'bagssl-onnx-cli-'));
after(() => rm(folder, { recursive: true }));
const at = (name: string) => join(folder, name);
const engine = '--data builtin --device native --threads 1 --json'.split(' ');

describe('an .onnx file on the command line', () => {
  before(async () => {
    const nodes = [
      ['AveragePool', 'x', 'a', { kernel_shape: [4, 4], strides: [4, 4] }],
      ['Flatten', 'a', 'features'],
      ['GlobalAveragePool', 'x', 'p'],
      ['Flatten', 'p', 'y'],
    ] as const;
    await writeFile(at('net.onnx'), onnxFile({ inputs: { x: ['b', 3, 'h', 'w'] }, nodes, outputs: 'features y' }));
  });

  it('embeds whole images, or bags, as its options say', async () => {
    const own = '--encoder-size 8 --encoder-mean 0.5,0.5,0.5 --encoder-std 0.5'.split(' ');
    const embed = ['embed', ...engine, '--images', '6', '--encoder', at('net.onnx'), ...own];
    const whole = await bagssl([...embed, '--out', at('whole.npy')]);
    assert.equal(whole.code, 0, whole.stderr);
    assert.match(whole.stderr, /"net\.onnx" runs as it is: rgb 8×8 .*to "features"/);
    assert.equal(JSON.parse(whole.stdout).dimensions, 12);
    const bag = await bagssl([...embed, '--out', at('bag.npy'), '--patches', 'grid2', '--encoder-output', 'p']);
    assert.equal(bag.code, 0, bag.stderr);
    assert.deepEqual(readNpy(await readFile(at('bag.npy'))).shape, [6, 3]);
  });

  it('is evaluated without an untrained encoder to compare with', async () => {
    const args = ['evaluate', ...engine, '--train-images', '40', '--model', at('net.onnx'), '--encoder-size', '8'];
    const { code, stdout, stderr } = await bagssl(args);
    assert.equal(code, 0, stderr);
    const { linear, pixels, untrained, patches } = JSON.parse(stdout);
    assert.ok(linear >= 0 && linear <= 1 && pixels.linear >= 0);
    assert.deepEqual([untrained, patches], [undefined, 1]);
  });

  it('is named when it is missing, is given twice or with options that are not its own', async () => {
    const out = ['--out', at('none.npy')];
    for (const [args, message] of [
      [[], /--model is missing.*--encoder FILE\.onnx/],
      [['--model', 'a', '--encoder', 'b.onnx'], /Both --model and --encoder/],
      [['--model', 'a', '--encoder-size', '8'], /--encoder-size is for an \.onnx file/],
      [['--encoder', at('net.onnx'), '--feature', 'embedding'], /--encoder-output/],
      [['--encoder', at('net.onnx'), '--encoder-mean', '1,2'], /--encoder-mean must be a number, or three/],
      [['--encoder', at('no.onnx')], /no\.onnx" cannot be read/],
    ] as const) {
      const { code, stderr } = await bagssl(['embed', ...engine, ...out, ...args]);
      assert.notEqual(code, 0);
      assert.match(stderr, message);
    }
  });
});
