import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parquetReadObjects } from 'hyparquet';
import sharp from 'sharp';
import { readNpy } from '../../src/formats.ts';
import { bagssl, bagsslEach } from '../support/command-line.ts';
import { randoms } from '../support/random.ts';

const folder = await mkdtemp(join(tmpdir(), 'bagssl-folders-'));
after(() => rm(folder, { recursive: true }));
const at = (...parts: string[]) => join(folder, ...parts);
const engine = '--device native --threads 1 --workers 1 --json'.split(' ');

async function put(file: string, bytes: Uint8Array | string): Promise<void> {
  await mkdir(dirname(at(file)), { recursive: true });
  await writeFile(at(file), bytes);
}

describe('the command line with a folder of photos', () => {
  before(async () => {
    const png = (seed: number) =>
      sharp(
        Uint8Array.from(randoms(seed, 20 * 16 * 3), (v) => 128 + 127 * v),
        { raw: { width: 20, height: 16, channels: 3 } },
      )
        .png()
        .toBuffer();
    for (const [k, album] of ['2021/01', '2022'].entries()) {
      for (let i = 0; i < 10; i++) await put(`photos/${album}/${i}.png`, await png(10 * k + i));
    }
    await put('photos/stray.png', await png(20));
    await put('photos/2021/01/damaged.png', (await png(21)).subarray(0, 60));
    await put('photos/2021/notes.txt', 'text');
    await put('photos/.DS_Store', 'text');
  });

  it('takes every image for training and embedding, and says what it leaves out', async () => {
    const train = [
      'train',
      '--data',
      at('photos'),
      '--out',
      at('run'),
      '--steps',
      '4',
      '--batch',
      '10',
      '--views',
      '2',
    ];
    const trained = await bagssl([...train, ...engine]);
    assert.equal(trained.code, 0, trained.stderr);
    assert.match(trained.stderr, /^Took 22 images of .*photos; left out 2: .*1 hidden.*--list-skipped names them\.$/m);
    assert.match(trained.stderr, /An image cannot be read \(2021\/01\/damaged\.png: .*Another takes its place/);

    const embed = ['embed', '--data', at('photos'), '--model', at('run'), '--out', at('all.npy'), '--list-skipped'];
    const embedded = await bagssl([...embed, '--patches', 'grid1', ...engine]);
    assert.equal(embedded.code, 0, embedded.stderr);
    assert.match(embedded.stderr, /^ {2}\.DS_Store: hidden$/m);
    assert.match(embedded.stderr, /^Decoding left out 1: .*\n {2}2021\/01\/damaged\.png: /m);
    const { images, unreadable } = JSON.parse(embedded.stdout);
    assert.deepEqual([images, unreadable], [21, 1]);
    const ids: string[] = JSON.parse(await readFile(at('all.ids.json'), 'utf8'));
    assert.deepEqual([ids[0], ids[10], ids[20]], ['2021/01/0.png', '2022/0.png', 'stray.png']);
    assert.deepEqual(readNpy(await readFile(at('all.npy'))).shape, [21, 1024]);
  });

  it('gives the first folder of an image as its class, where it is asked for', async () => {
    const embed = (...rest: string[]) =>
      bagssl([
        'embed',
        '--data',
        at('photos'),
        '--model',
        'models/cifar10.safetensors',
        '--labels',
        ...engine,
        ...rest,
      ]);
    const result = await embed('--out', at('classes.parquet'), '--patches', 'grid1');
    assert.equal(result.code, 0, result.stderr);
    assert.match(result.stderr, /1 in no folder that could be its class/);
    const bytes = await readFile(at('classes.parquet'));
    const table = await parquetReadObjects({ file: new Uint8Array(bytes).buffer });
    assert.deepEqual(
      [0, 9, 10, 19].map((k) => [table[k].file, table[k].class]),
      ['2021/01/0.png', '2021/01/9.png', '2022/0.png', '2022/9.png'].map((file) => [file, file.slice(0, 4)]),
    );
    const refused = await embed('--out', at('classes.npy'));
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /--labels is for a \.parquet file/);
  });

  it('evaluates what is in first-level folders, without what cannot be read', async () => {
    const evaluate = ['evaluate', '--data', at('photos'), '--model', at('run'), '--patches', 'grid1'];
    const { code, stdout, stderr } = await bagssl([...evaluate, ...engine]);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /1 in no folder that could be its class/);
    const figures = JSON.parse(stdout);
    // 11 and 10 images, of which every fifth is a test image; the last of the first album is damaged.
    assert.deepEqual([figures.train_images, figures.test_images], [16, 4]);
    assert.deepEqual(figures.neighbours, { knn_k200: 8, knn_k20: 8 }, 'no more neighbours than a class has images');
  });

  it('evaluates another layout beside the plain mean', async () => {
    const evaluate = [
      'evaluate',
      '--data',
      at('photos'),
      '--model',
      'models/cifar10.safetensors',
      '--patches',
      'grid2',
    ];
    const { code, stdout, stderr } = await bagssl([...evaluate, '--layout', 'halves', ...engine]);
    assert.equal(code, 0, stderr);
    const { linear, mean } = JSON.parse(stdout);
    for (const one of [linear, mean.linear, mean.whitened.knn_k20]) assert.ok(one >= 0 && one <= 1);
  });

  it('measures what is found in it, in a table, as JSON, and with pictures', async () => {
    const options = ['--patches', 'grid1', '--device', 'native', '--threads', '1', '--workers', '1'];
    const page = ['--report', at('found.html'), '--model', at('run')];
    const both = ['evaluate', at('photos'), '--retrieval', '--duplicates', ...page, ...options];
    const { code, stdout, stderr } = await bagssl(both);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^20 images of 2 classes, each searching the others$/m);
    for (const name of ['raw pixels', 'colour', 'HOG', 'HOG + colour', 'untrained', 'shipped', at('run')]) {
      const row = new RegExp(`^${name.replaceAll('+', '\\+')}( +\\d+)( +[01]\\.\\d{3} ±\\.\\d{3}){5}$`, 'm');
      assert.match(stdout, row);
    }
    assert.match(stdout, /20 queries are too few/);
    const grouped =
      /^shipped: duplicates groups [01]\.\d{3} ±\.\d{3} of mild copies and .* of strong copies with their original; .* \d+ of the images with others\.$/m;
    assert.match(stdout, grouped);
    const html = await readFile(at('found.html'), 'utf8');
    assert.equal(html.split('class="query"').length - 1, 16, 'the eight best and the eight worst');
    assert.doesNotMatch(html.replaceAll(/base64,[^"]*/g, ''), /<script|https?:|undefined|NaN/);

    const alone = await bagssl(['evaluate', at('photos'), '--duplicates', '--json', ...options]);
    assert.equal(alone.code, 0, alone.stderr);
    const { images, rows } = JSON.parse(alone.stdout);
    assert.equal(images, 21, 'no labels are needed');
    const shipped = rows.find(({ name }: { name: string }) => name === 'shipped');
    assert.ok(shipped.plain.mild.mean >= 0 && shipped.plain.mild.error >= 0 && !shipped.plain.queries);
    assert.ok(shipped.grouped.mild.mean <= 1 && shipped.grouped.joined <= 20);
  });

  it('adapts an encoder to it, or keeps it and says why, as a folder that other commands take', async () => {
    const from = ['train', '--data', at('photos'), '--out', at('adapted'), '--from', 'shipped'];
    const { code, stdout, stderr } = await bagssl([...from, ...engine]);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /21 images are too few to learn from.* stays as it was\./);
    const learnt = JSON.parse(stdout);
    assert.deepEqual([learnt.gained, learnt.images, learnt.encoder], [false, 21, learnt.from]);
    const embed = ['embed', '--data', at('photos'), '--model', at('adapted'), '--out', at('adapted.npy')];
    assert.equal((await bagssl([...embed, ...engine])).code, 0);
    for (const [more, message] of [
      [[], /already exists; replace it \(--overwrite\)/],
      [['--overwrite', '--steps', '2'], /--steps is for a network that is trained step by step/],
      [['--resume'], /nothing to resume/],
    ] as const) {
      const refused = await bagssl([...from, ...engine, ...more]);
      assert.equal(refused.code, 2);
      assert.match(refused.stderr, message);
    }
    const laid = await bagssl([...embed, ...engine, '--overwrite', '--layout', 'pyramid']);
    assert.equal(laid.code, 2);
    assert.match(laid.stderr, /--layout is for encoders of patches; .*adapted" sees whole images/);
  });

  it('searches with a test folder where there is one, and says what cannot be measured', async () => {
    const search = (...args: string[]) => [
      'evaluate',
      ...args,
      '--patches',
      'grid1',
      '--device',
      'native',
      '--threads',
      '1',
      '--workers',
      '1',
    ];
    for (const part of ['train', 'test']) {
      for (const [k, name] of ['a', 'b'].entries()) {
        for (let i = 0; i < 3; i++)
          await put(
            `divided/${part}/${name}/${i}.png`,
            await readFile(at(`photos/${k ? '2022' : '2021/01'}/${i}.png`)),
          );
      }
    }
    const found = await bagssl(search(at('divided'), '--retrieval', '--json'));
    assert.equal(found.code, 0, found.stderr);
    const figures = JSON.parse(found.stdout);
    assert.deepEqual([figures.images, figures.test_images, figures.classes], [6, 6, 2]);
    assert.equal(figures.rows[0].plain.precision_at_1.mean, 1, 'the test images are the same');

    await put('two/a/0.png', await readFile(at('photos/2022/0.png')));
    await put('two/b/0.png', await readFile(at('photos/2022/1.png')));
    const cases = [
      [[at('two'), '--retrieval'], 1, /there are 2 images; a query needs at least two others/],
      [[at('photos/2021'), '--retrieval'], 1, /of one class, so every answer would be right/],
      [[at('photos'), '--data', at('photos'), '--retrieval'], 2, /Both FOLDER and --data/],
      [['--retrieval'], 2, /--data is missing/],
      [[at('photos'), '--retrieval', '--seed', '1'], 2, /--seed is for --duplicates/],
      [[at('photos'), '--duplicates', '--report', at('x.html')], 2, /--report shows what --retrieval found/],
    ] as const;
    const refused = await bagsslEach(cases.map(([args]) => search(...args)));
    for (const [k, [, code, message]] of cases.entries()) {
      assert.equal(refused[k].code, code, refused[k].stderr);
      assert.match(refused[k].stderr, message);
    }
  });
});
