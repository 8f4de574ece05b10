import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import sharp from 'sharp';
import type { Pixels } from '../../src/base/pixels.ts';
import type { ImageSet } from '../../src/data/image-set.ts';
import { openData } from '../../src/data/open-data.ts';

let root = '';
const at = (...parts: string[]) => join(root, ...parts);

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'bagssl-files-'));
});
after(() => rm(root, { recursive: true }));

async function put(path: string, bytes: Uint8Array | string) {
  await mkdir(dirname(at(path)), { recursive: true });
  await writeFile(at(path), bytes);
}

/** A plain grey picture of this level: the level tells which file an image came from. */
const grey = (level: number, kind: 'jpeg' | 'png' | 'webp' = 'png', size = 24) =>
  sharp({ create: { width: size + 8, height: size, channels: 3, background: { r: level, g: level, b: level } } })
    .toFormat(kind)
    .toBuffer();

const levels = (set: ImageSet) => Array.from({ length: set.length }, (_, i) => (set.image(i) as Pixels).data[0]);
const bad = (message: RegExp) => ({ name: 'BagsslError', code: 'bad-data', message });

function cifar(labels: number[]): Uint8Array {
  const bytes = new Uint8Array(labels.length * 3073);
  labels.forEach((label, i) => {
    bytes.fill(10 * label + i, i * 3073, (i + 1) * 3073)[i * 3073] = label;
  });
  return bytes;
}

describe('openData: builtin', () => {
  it('gives scenes, the first ones where a limit is set', async () => {
    const all = await openData('builtin');
    const few = await openData('builtin', { split: 'train', limit: 30 });
    assert.deepEqual([all.length, few.length, few.labels!.length], [5000, 30, 30]);
    assert.deepEqual(few.image(29), all.image(29));
    assert.notDeepEqual((await openData('builtin', { split: 'test' })).image(0), all.image(0));
    assert.notDeepEqual((await openData('builtin', { seed: 5 })).image(0), all.image(0));
  });
});

describe('openData: CIFAR-10', () => {
  before(async () => {
    await put('cifar/data_batch_10.bin', cifar([3]));
    await put('cifar/data_batch_2.bin', cifar([1, 2]));
    await put('cifar/test_batch.bin', cifar([9, 8, 7]));
    await put('packed/cifar-10-batches-bin/data_batch_1.bin', cifar([5]));
    await put('packed/cifar-10-batches-bin/batches.meta.txt', 'a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n');
    await put('packed/README.txt', 'hello');
    await put('short/data_batch_1.bin', cifar([1, 2]).slice(0, 5000));
  });

  it('reads the batches in order of their numbers', async () => {
    const train = await openData(at('cifar'));
    assert.deepEqual([...train.labels!], [1, 2, 3]);
    assert.deepEqual(levels(train), [10, 21, 30]);
    assert.equal(train.classes![9], 'truck');
    assert.deepEqual([...(await openData(at('cifar'), { split: 'test' })).labels!], [9, 8, 7]);
    assert.deepEqual(levels(await openData(at('cifar'), { limit: 2 })), [10, 21]);
  });

  it('finds them in the subfolder of the archive, with their class names', async () => {
    const set = await openData(at('packed'), { split: 'train' });
    assert.deepEqual([...set.labels!], [5]);
    assert.deepEqual(set.classes, [...'abcdefghij']);
  });

  it('says when there is no test batch, and which batch is truncated', async () => {
    await assert.rejects(openData(at('packed'), { split: 'test' }), bad(/no test set \(test_batch\.bin\)/));
    await assert.rejects(openData(at('short')), bad(/short.data_batch_1\.bin holds 5000 bytes/));
  });
});

describe('openData: folders of images', () => {
  before(async () => {
    for (let i = 0; i < 10; i++) await put(`classes/b/${i}.png`, await grey(100 + i));
    for (let i = 0; i < 5; i++) await put(`classes/a/${i}.webp`, await grey(200 + i));
    await put('classes/a/notes.txt', 'not an image');
    await put('classes/a/.hidden.png', 'not an image either');
    await put('classes/.git/x.png', await grey(1));
    await put('classes/empty/readme.md', 'no images here');

    await put('flat/2.JPG', await grey(20, 'jpeg'));
    await put('flat/1.png', await grey(10));
    await put('flat/10.webp', await grey(30, 'webp'));
    // The name lies about the kind; the bytes decide.
    await put('flat/3.png', await grey(40, 'jpeg'));

    await put('mixed/a/1.png', await grey(10));
    await put('mixed/stray.png', await grey(20));

    await put('broken/a/good.png', await grey(50));
    await put('broken/a/cut.jpg', (await grey(60, 'jpeg', 200)).subarray(0, -20));
    await put('broken/b/text.jpg', 'this is text');
    await put('broken/b/none.png', '');
    await put('hopeless/1.jpg', 'text');
    await put('hopeless/2.jpg', 'text');
    await mkdir(at('nothing'));

    await put('divided/train/cat/1.png', await grey(1));
    await put('divided/train/dog/1.png', await grey(2));
    await put('divided/val/ant/1.png', await grey(3));
    await put('divided/val/dog/1.png', await grey(4));
    await put('half/train/cat/1.png', await grey(1));
    await put('vehicles/train/1.png', await grey(1));
    await put('vehicles/plane/1.png', await grey(2));
  });

  it('takes subfolders as classes, sorted, and ignores other files', async () => {
    const set = await openData(at('classes'));
    assert.deepEqual(set.classes, ['a', 'b']);
    assert.deepEqual([...set.labels!], [...Array(5).fill(0), ...Array(10).fill(1)]);
    assert.deepEqual(levels(set).slice(5), [100, 101, 102, 103, 104, 105, 106, 107, 108, 109]);
    assert.deepEqual(set.skipped, []);
    const { data: _, ...rest } = set.image(0) as Pixels;
    assert.deepEqual(rest, { width: 32, height: 24, layout: 'rgba' });
  });

  it('gives every fifth image of each class to the test set, and says so', async () => {
    const test = await openData(at('classes'), { split: 'test' });
    const train = await openData(at('classes'), { split: 'train' });
    assert.deepEqual([...test.labels!], [0, 1, 1]);
    assert.deepEqual(levels(test).slice(1), [104, 109]);
    assert.equal(train.length, 12);
    assert.deepEqual(train.classes, test.classes);
    const both = [...levels(train), ...levels(test)].sort();
    assert.deepEqual(both, levels(await openData(at('classes'))).sort());
    assert.match(test.name, /test: 1 in 5 images of a class/);
    assert.equal((await openData(at('classes'), { split: 'test', whole: true })).length, 15);
  });

  it('takes the first of each class in turn where a limit is set', async () => {
    const set = await openData(at('classes'), { limit: 5 });
    assert.deepEqual([...set.labels!], [0, 0, 0, 1, 1]);
    assert.deepEqual(levels(set).slice(3), [100, 101]);
    await assert.rejects(openData(at('classes'), { limit: 0 }), { code: 'bad-argument' });
  });

  it('takes a flat folder without labels', async () => {
    const set = await openData(at('flat'));
    assert.deepEqual([set.labels, set.classes], [undefined, undefined]);
    const expected = [10, 30, 20, 40];
    levels(set).forEach((level, i) => assert.ok(Math.abs(level - expected[i]) <= 2));
    await assert.rejects(openData(at('flat'), { split: 'test' }), bad(/one in 5 .* 4 in all are too few/));
  });

  it('skips images beside class folders, and says so', async () => {
    const set = await openData(at('mixed'));
    assert.deepEqual(levels(set), [10]);
    assert.deepEqual(
      set.skipped!.map(({ file }) => file),
      ['stray.png'],
    );
  });

  it('skips, counts and lists what cannot be read', async () => {
    const progress: number[] = [];
    const set = await openData(at('broken'), { onProgress: (done, total) => progress.push(done, total) });
    assert.deepEqual(levels(set), [50]);
    assert.deepEqual([...set.labels!], [0]);
    assert.deepEqual(set.skipped, [
      { file: join('a', 'cut.jpg'), reason: 'the jpeg is truncated' },
      { file: join('b', 'none.png'), reason: 'the file is empty' },
      { file: join('b', 'text.jpg'), reason: 'the bytes are not a JPEG, PNG or WebP image' },
    ]);
    assert.deepEqual(progress, [1, 4, 2, 4, 3, 4, 4, 4]);
  });

  it('fails if no file can be read, naming the first files', async () => {
    await assert.rejects(
      openData(at('hopeless')),
      bad(/hopeless: none of its 2 images can be read: 1\.jpg \(the bytes are not .*\), 2\.jpg/),
    );
  });

  it('fails for an empty or a missing folder and for a file, saying what is accepted', async () => {
    await assert.rejects(openData(at('nothing')), bad(/nothing holds no images\. Give a folder .*"builtin"/));
    await assert.rejects(openData(at('absent')), bad(/absent does not exist\. .*data_batch_.*JPEG, PNG or WebP/));
    await assert.rejects(openData(at('flat', '1.png')), bad(/1\.png is a file, not a folder/));
    await assert.rejects(openData(at('flat'), { split: 'val' as 'test' }), { code: 'bad-argument' });
  });

  it('takes train and val folders as the two parts, with one list of classes', async () => {
    const train = await openData(at('divided'));
    const test = await openData(at('divided'), { split: 'test' });
    assert.deepEqual(
      [levels(train), levels(test)],
      [
        [1, 2],
        [3, 4],
      ],
    );
    assert.deepEqual(train.classes, ['ant', 'cat', 'dog']);
    assert.deepEqual(test.classes, train.classes);
    assert.deepEqual(
      [[...train.labels!], [...test.labels!]],
      [
        [1, 2],
        [0, 2],
      ],
    );
    await assert.rejects(openData(at('half'), { split: 'test' }), bad(/half has a train folder, but no test set/));
    assert.deepEqual((await openData(at('vehicles'))).classes, ['plane', 'train']);
  });

  it('follows symbolic links inside the folder alone', async () => {
    await put('linked/a/1.png', await grey(10));
    await symlink(at('linked', 'a', '1.png'), at('linked', 'a', '2.png'));
    await symlink(at('flat', '1.png'), at('linked', 'a', '3.png'));
    await symlink(at('flat'), at('linked', 'away'));
    await symlink(at('absent.png'), at('linked', 'lost.png'));
    await symlink(at('linked'), at('entrance'));
    const set = await openData(at('entrance'));
    assert.deepEqual(levels(set), [10, 10]);
    assert.deepEqual(set.skipped!.map(({ file }) => file).sort(), [join('a', '3.png'), 'away', 'lost.png']);
  });

  it('stops at the limit of memory, saying what to do', async () => {
    const options = { maxBytes: 10_000 };
    await assert.rejects(openData(at('classes'), options), bad(/of 15 images take .* Take fewer images/));
  });

  it('refuses misspelt options and wrong values', async () => {
    for (const [options, message] of [
      [{ limt: 5 }, /openData: there is no "limt"; its options: .*limit/],
      [{ shard: { index: 1, of: 2 } }, /openData.shard: there is no "of"/],
      [{ shortSide: 0 }, /shortSide must be a positive number, got 0/],
      [{ signal: new AbortController() }, /signal must be an AbortSignal, .*got an AbortController/],
    ] as const) {
      await assert.rejects(openData(at('classes'), options as never), { code: 'bad-argument', message });
    }
  });

  it('stops when told to', async () => {
    await assert.rejects(openData(at('classes'), { signal: AbortSignal.abort() }), { code: 'aborted' });
  });
});

const REAL = join('..', 'shared', 'data');
const real = (name: string) => {
  const path = join(REAL, name);
  return { path, skip: existsSync(path) ? false : `${path} is not there` };
};

describe('openData: real data', () => {
  const { path, skip } = real('cifar10');
  it('opens CIFAR-10', { skip }, async () => {
    const train = await openData(path, { split: 'train' });
    assert.equal(train.length, 50_000);
    const counts = new Array(10).fill(0);
    for (const label of train.labels!) counts[label]++;
    assert.deepEqual(counts, new Array(10).fill(5000));
    assert.equal((await openData(path, { split: 'test' })).length, 5000);
  });

  const photos = real('photos300');
  it('opens a folder of photographs', { skip: photos.skip }, async () => {
    const train = await openData(photos.path, { split: 'train' });
    const test = await openData(photos.path, { split: 'test' });
    assert.deepEqual([train.length + test.length, train.classes!.length], [300, 25]);
    assert.deepEqual([train.skipped, test.skipped], [[], []]);
    for (let i = 0; i < test.length; i++) {
      const { width, height } = test.image(i) as Pixels;
      assert.ok(Math.min(width, height) >= 224 && Math.min(width, height) < 512);
    }
  });
});
