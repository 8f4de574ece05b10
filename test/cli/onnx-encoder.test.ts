import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import sharp from 'sharp';
import { readNpy } from '../../src/formats.ts';
import { bagssl } from '../support/command-line.ts';
import { onnxFile } from '../support/onnx-file.ts';
import { randoms } from '../support/random.ts';

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
    const way = '--encoder-channels bgr --encoder-fit stretch --encoder-crop 0.5'.split(' ');
    const other = await bagssl([...embed, '--out', at('other.npy'), ...way]);
    assert.match(other.stderr, /bgr 8×8 .*; stretched, cropped to 0\.5\)/);
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

  it('finds similar pictures and duplicates of a folder', async () => {
    await mkdir(at('photos'));
    const raw = { width: 12, height: 12, channels: 3 } as const;
    for (const [name, seed] of Object.entries({ a: 1, b: 1, c: 2, d: 3 })) {
      const pixels = Uint8Array.from(randoms(seed, 432), (v) => 128 + 127 * v);
      await sharp(pixels, { raw })
        .png({ compressionLevel: name === 'a' ? 1 : 9 })
        .toFile(at(`photos/${name}.png`));
    }
    const own = ['--encoder', at('net.onnx'), '--encoder-size', '8', '--encoder-output', 'a'];
    const engine = ['--device', 'native', '--threads', '1', '--json'];
    const similar = await bagssl(['similar', at('photos'), 'a.png', '-n', '1', ...own, ...engine]);
    assert.equal(similar.code, 0, similar.stderr);
    assert.equal(JSON.parse(similar.stdout).similar[0].file, 'b.png');
    const duplicates = await bagssl(['duplicates', at('photos'), ...own, '--threshold', '0.999', ...engine]);
    assert.deepEqual(JSON.parse(duplicates.stdout).groups[0].files.toSorted(), ['a.png', 'b.png']);
    const wrong = await bagssl(['index', at('photos'), '--encoder-size', '8', ...engine]);
    assert.match(wrong.stderr, /--encoder-size is for an \.onnx file/);
  });

  it('is compared with bags of its patches by reproduce', async () => {
    const args = ['reproduce', '--data', 'builtin', '--claims', 'C6', '--minutes', '0.02', '--out', at('claims')];
    const own = ['--encoder', at('net.onnx'), '--encoder-size', '8', '--encoder-output', 'a'];
    const engine = ['--device', 'native', '--threads', '1', '--json'];
    const { code, stdout, stderr } = await bagssl([...args, ...own, ...engine]);
    assert.equal(code, 0, stderr);
    const [{ claim, why }] = JSON.parse(stdout).verdicts;
    assert.equal(claim, 'C6');
    assert.match(why, /centre crop .*bag of both scales, the whole image beside it/);
    assert.match(await readFile(at('claims/tables/c6-encoder.csv'), 'utf8'), /\ncentre crop,1,/);
    const wrong = await bagssl(['reproduce', '--data', 'builtin', '--out', at('no'), ...own]);
    assert.match(wrong.stderr, /--encoder is for claim C6 alone/);
  });

  it('is named when it is missing, is given twice or with options that are not its own', async () => {
    const out = ['--out', at('none.npy')];
    for (const [args, message] of [
      [[], /--model is missing.*--encoder FILE\.onnx/],
      [['--model', 'a', '--encoder', 'b.onnx'], /Both --model and --encoder/],
      [['--model', 'a', '--encoder-size', '8'], /--encoder-size is for an \.onnx file/],
      [['--encoder', at('net.onnx'), '--feature', 'embedding'], /--encoder-output/],
      [['--encoder', at('net.onnx'), '--encoder-mean', '1,2'], /--encoder-mean must be a number, or three/],
      [['--encoder', at('net.onnx'), '--encoder-crop', '1.5'], /--encoder-crop must be a number above 0, at most 1/],
      [['--encoder', at('no.onnx')], /no\.onnx" cannot be read/],
    ] as const) {
      const { code, stderr } = await bagssl(['embed', ...engine, ...out, ...args]);
      assert.notEqual(code, 0);
      assert.match(stderr, message);
    }
  });
});
