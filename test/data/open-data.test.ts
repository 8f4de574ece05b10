import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import sharp from 'sharp';
import type { ImageSet } from '../../src/data/image-set.ts';
import { NO_IMAGE } from '../../src/data/list-images.ts';
import { type OpenDataOptions, openData } from '../../src/data/open-data.ts';
import { readableSet } from '../../src/data/readable-set.ts';
import { skippedByReason } from '../../src/data/skipped-by-reason.ts';

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

const levels = (set: ImageSet) =>
  Promise.all(Array.from({ length: set.length }, async (_, i) => (await set.image(i)).data[0]));
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
    assert.deepEqual(await levels(train), [10, 21, 30]);
    assert.equal(train.classes![9], 'truck');
    assert.deepEqual([...(await openData(at('cifar'), { split: 'test' })).labels!], [9, 8, 7]);
    assert.deepEqual(await levels(await openData(at('cifar'), { limit: 2 })), [10, 21]);
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

/** Files of a folder that are images by their bytes: plain JPEGs, of a level by their number. */
const jpegs = (folder: string, count: number, ending = '.jpg') =>
  Promise.all(Array.from({ length: count }, async (_, i) => put(`${folder}/${i}${ending}`, await grey(i, 'jpeg', 8))));

const skippedOf = ({ skipped }: ImageSet) => Object.fromEntries(skipped!.map(({ file, reason }) => [file, reason]));

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
    await mkdir(at('nothing'));

    await put('divided/train/cat/1.png', await grey(1));
    await put('divided/train/dog/1.png', await grey(2));
    await put('divided/val/ant/1.png', await grey(3));
    await put('divided/val/dog/1.png', await grey(4));
    await put('half/train/cat/1.png', await grey(1));
    await put('vehicles/train/1.png', await grey(1));
    await put('vehicles/plane/1.png', await grey(2));
  });

  it('takes first-level folders as classes where labels are asked for, and names all that it leaves out', async () => {
    const set = await openData(at('classes'), { labels: true });
    assert.deepEqual(set.classes, ['a', 'b']);
    assert.deepEqual([...set.labels!], [...Array(5).fill(0), ...Array(10).fill(1)]);
    assert.deepEqual((await levels(set)).slice(5), [100, 101, 102, 103, 104, 105, 106, 107, 108, 109]);
    assert.deepEqual(skippedOf(set), {
      '.git/': 'hidden',
      'a/.hidden.png': 'hidden',
      'a/notes.txt': NO_IMAGE,
      'empty/readme.md': NO_IMAGE,
    });
    const { data: _, ...rest } = await set.image(0);
    assert.deepEqual(rest, { width: 32, height: 24, layout: 'rgba' });
    const plain = await openData(at('classes'));
    assert.deepEqual([plain.labels, plain.classes, plain.files], [undefined, undefined, set.files]);
  });

  it('takes images at any depth, in an order that the names alone decide', async () => {
    for (const file of ['2022/05/b.jpg', '2021/01/a.jpg', '2021/01/B.jpg', '2021-x/c.jpg', '2021/z.jpg', 'a.jpg'])
      await put(`library/${file}`, await grey(9, 'jpeg'));
    const set = await openData(at('library'));
    // By code units, level by level: "-" is before "/", and "B" before "a".
    const expected = ['2021/01/B.jpg', '2021/01/a.jpg', '2021/z.jpg', '2021-x/c.jpg', '2022/05/b.jpg', 'a.jpg'];
    assert.deepEqual([set.files, set.labels, set.skipped], [expected, undefined, []]);
    const labelled = await openData(at('library'), { labels: true });
    assert.deepEqual(labelled.classes, ['2021', '2021-x', '2022']);
    assert.deepEqual([...labelled.labels!], [0, 0, 0, 1, 2]);
    assert.deepEqual(skippedOf(labelled), { 'a.jpg': 'in no folder that could be its class' });
    await assert.rejects(openData(at('flat'), { labels: true }), bad(/none of its 4 images is in a folder/));
  });

  it('takes all of 3 images one level deep and 40 two levels deep', async () => {
    await jpegs('deep/a', 3);
    await jpegs('deep/a/more', 40);
    assert.equal((await openData(at('deep'))).length, 43);
    assert.equal((await openData(at('deep'), { split: 'train' })).length, 43 - 8);
  });

  it('takes 30 images and the 3 of a subfolder', async () => {
    await jpegs('edits', 30);
    await jpegs('edits/edited', 3);
    const set = await openData(at('edits'));
    assert.deepEqual([set.length, set.skipped], [33, []]);
  });

  it('takes JPEGs named .HEIC and without an ending, and counts what is none by its ending', async () => {
    await jpegs('phone', 4);
    await jpegs('phone/named', 5, '.HEIC');
    await put('phone/IMG_1', await grey(1, 'jpeg'));
    // By their first bytes they are HEIC; that nothing follows shows when one is decoded.
    const heic = Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1');
    for (let i = 0; i < 40; i++) await put(`phone/real/${i}.HEIC`, heic);
    for (let i = 0; i < 7; i++) await put(`phone/other/${i}.MOV`, 'no image');
    await put('phone/text.jpg', 'this is text');
    await put('phone/none.png', '');
    const set = await openData(at('phone'));
    assert.deepEqual([set.length, set.skipped!.length], [50, 9]);
    const atFirst = `8 ${NO_IMAGE} (7 .mov, 1 .jpg), 1 the file is empty (1 .png)`;
    assert.equal(skippedByReason(set.skipped!), atFirst);
    assert.equal((await readableSet(set)).length, 10);
    assert.deepEqual(
      set.skipped!.slice(9).map(({ file }) => file.replace(/\d+/, '')),
      new Array(40).fill('real/.HEIC'),
    );
  });

  it('leaves out trash, system folders and what is hidden, each counted once', async () => {
    const trash = ['$RECYCLE.BIN', '.Trash-1000', '.Trashes', '@eaDir', '__MACOSX', 'lost+found'];
    for (const folder of [...trash, 'System Volume Information', 'album/@eaDir/x.jpg']) await jpegs(`nas/${folder}`, 2);
    await put('nas/album/._1.jpg', await grey(1, 'jpeg'));
    await jpegs('nas/album', 2);
    const set = await openData(at('nas'));
    assert.deepEqual(set.files, ['album/0.jpg', 'album/1.jpg']);
    assert.equal(skippedByReason(set.skipped!), '8 a trash or system folder, 1 hidden (1 .jpg)');
  });

  it('takes the originals of a photo library, and neither its copies nor its database', async () => {
    const library = 'pictures/Photos Library.photoslibrary';
    for (const inside of ['originals/0', 'resources/derivatives/0', 'database']) await jpegs(`${library}/${inside}`, 1);
    const set = await openData(at('pictures'));
    assert.deepEqual(set.files, ['Photos Library.photoslibrary/originals/0/0.jpg']);
    assert.equal(skippedByReason(set.skipped!), "2 a photo library's own copies and database");
    assert.deepEqual((await openData(at(library))).files, ['originals/0/0.jpg']);
  });

  it('keeps files of one name in two folders apart', async () => {
    for (const folder of ['x', 'y']) await put(`same/${folder}/image_0001.jpg`, await grey(folder.charCodeAt(0)));
    const set = await openData(at('same'));
    assert.deepEqual(set.files, ['x/image_0001.jpg', 'y/image_0001.jpg']);
    assert.deepEqual(await levels(set), [120, 121]);
  });

  it('gives every fifth image of each folder to the test set, and says so', async () => {
    const test = await openData(at('classes'), { split: 'test', labels: true });
    const train = await openData(at('classes'), { split: 'train', labels: true });
    assert.deepEqual([...test.labels!], [0, 1, 1]);
    assert.deepEqual((await levels(test)).slice(1), [104, 109]);
    assert.equal(train.length, 12);
    assert.deepEqual(train.classes, test.classes);
    const both = [...(await levels(train)), ...(await levels(test))].sort();
    assert.deepEqual(both, (await levels(await openData(at('classes')))).sort());
    assert.match(test.name, /test: 1 in 5 images of a folder/);
    assert.equal((await openData(at('classes'), { split: 'test', whole: true })).length, 15);
    // The parts do not depend on whether labels are asked for.
    assert.deepEqual((await openData(at('classes'), { split: 'test' })).files, test.files);
  });

  it('takes the first of each folder in turn where a limit is set', async () => {
    const set = await openData(at('classes'), { limit: 5, labels: true });
    assert.deepEqual([...set.labels!], [0, 0, 0, 1, 1]);
    assert.deepEqual((await levels(set)).slice(3), [100, 101]);
    await assert.rejects(openData(at('classes'), { limit: 0 }), { code: 'bad-argument' });
  });

  it('takes a flat folder', async () => {
    const set = await openData(at('flat'));
    assert.deepEqual([set.labels, set.classes], [undefined, undefined]);
    const expected = [10, 30, 20, 40];
    (await levels(set)).forEach((level, i) => assert.ok(Math.abs(level - expected[i]) <= 2));
    await assert.rejects(
      openData(at('flat'), { split: 'test' }),
      bad(/1 in 5 images of each folder; 4 in all are too few/),
    );
  });

  it('says how many files of which kinds it saw where none is an image', async () => {
    for (const file of ['1.jpg', '2.jpg', 'a.HEIC', '.DS_Store', 'deep/b']) await put(`hopeless/${file}`, 'text');
    const kinds =
      /hopeless holds no images; left out: 4 not a .* image \(2 \.jpg, 1 \.heic, 1 without an ending\), 1 hidden/;
    await assert.rejects(openData(at('hopeless')), bad(kinds));
  });

  it('fails for an empty or a missing folder and for a file, saying what is accepted', async () => {
    await assert.rejects(
      openData(at('nothing')),
      bad(/nothing holds no images, and no other file\. Give a .*"builtin"/),
    );
    await assert.rejects(openData(at('absent')), bad(/absent does not exist\. .*data_batch_.*JPEG, PNG, WebP/));
    await assert.rejects(openData(at('flat', '1.png')), bad(/1\.png is a file, not a folder/));
    await assert.rejects(openData(at('flat'), { split: 'val' as 'test' }), { code: 'bad-argument' });
  });

  it('takes train and val folders as the two parts, with one list of classes', async () => {
    const train = await openData(at('divided'), { labels: true });
    const test = await openData(at('divided'), { split: 'test', labels: true });
    assert.deepEqual(
      [await levels(train), await levels(test)],
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
    assert.deepEqual(train.files, ['train/cat/1.png', 'train/dog/1.png']);
    const held = 'in the test set';
    assert.deepEqual(skippedOf(train), { 'val/ant/1.png': held, 'val/dog/1.png': held });
    assert.equal((await openData(at('divided'), { whole: true })).length, 4);
    await assert.rejects(
      openData(at('half'), { split: 'test' }),
      bad(/half is divided into train, but has no test set/),
    );
    assert.deepEqual((await openData(at('vehicles'), { labels: true })).classes, ['plane', 'train']);
  });

  it('finds train, test and unlabeled in any case, beside other files', async () => {
    await jpegs('stl/Train/cat', 2);
    await jpegs('stl/TEST/cat', 3);
    await jpegs('stl/Unlabeled', 5);
    await jpegs('stl/__MACOSX', 1);
    await put('stl/README.md', 'text');
    await put('stl/docs/more.pdf', 'text');
    await put('stl/banner.jpg', await grey(1));
    const sizes = async (options: OpenDataOptions) => (await openData(at('stl'), options)).length;
    // Without labels, what has none is for training too.
    assert.deepEqual([await sizes({}), await sizes({ labels: true })], [7, 2]);
    assert.deepEqual(
      [await sizes({ split: 'train' }), await sizes({ split: 'test' }), await sizes({ whole: true })],
      [7, 3, 11],
    );
    const { skipped } = await openData(at('stl'), { labels: true });
    assert.match(skippedByReason(skipped!), /5 without a label.*3 in the test set.*1 beside the folders Train/);
    // An album that happens to be called so is none.
    await jpegs('trips/train', 2);
    await put('trips/1.jpg', await grey(1));
    assert.equal((await openData(at('trips'))).length, 3);
  });

  it('follows symbolic links inside the folder, and beyond where it is asked', async () => {
    await put('linked/a/1.png', await grey(10));
    await symlink(at('linked', 'a', '1.png'), at('linked', 'a', '2.png'));
    await symlink(at('flat', '1.png'), at('linked', 'a', '3.png'));
    await symlink(at('vehicles'), at('linked', 'away'));
    await symlink(at('absent.png'), at('linked', 'lost.png'));
    await symlink(at('linked'), at('entrance'));
    const set = await openData(at('entrance'));
    assert.deepEqual(await levels(set), [10, 10]);
    const out = 'a link out of the folder, which is followed only if asked (followLinks, --follow-links)';
    const lost = 'a link that leads nowhere';
    assert.deepEqual(skippedOf(set), { 'a/3.png': out, away: out, 'lost.png': lost });
    const all = await openData(at('entrance'), { followLinks: 'anywhere' });
    assert.deepEqual(all.files, ['a/1.png', 'a/2.png', 'a/3.png', 'away/plane/1.png', 'away/train/1.png']);
    assert.deepEqual(skippedOf(all), { 'lost.png': lost });
  });

  it('reads the links of a Hugging Face cache', async () => {
    await put('hub/blobs/3f2a', await grey(7));
    await mkdir(at('hub/snapshots/main'), { recursive: true });
    await symlink('../../blobs/3f2a', at('hub/snapshots/main/cat.jpg'));
    await assert.rejects(
      openData(at('hub/snapshots/main')),
      bad(/left out: 1 a link out of the folder.*--follow-links/),
    );
    const set = await openData(at('hub/snapshots/main'), { followLinks: 'anywhere' });
    assert.deepEqual([set.files, await levels(set)], [['cat.jpg'], [7]]);
  });

  it('ends where links lead in circles, and reads a folder once', async () => {
    await put('loop/a/1.png', await grey(1));
    await put('loop/b/2.png', await grey(2));
    await symlink('../b', at('loop/a/to-b'));
    await symlink('../a', at('loop/b/to-a'));
    await symlink('..', at('loop/b/up'));
    await symlink('self', at('loop/self'));
    const set = await openData(at('loop'));
    assert.deepEqual(set.files, ['a/1.png', 'b/2.png']);
    const again = 'a link to a folder that is read already';
    assert.deepEqual(skippedOf(set), {
      'a/to-b/': again,
      'b/to-a/': again,
      'b/up/': again,
      self: 'a link that leads nowhere',
    });
  });

  const root = process.getuid?.() === 0;
  it('names folders and files that it may not read', { skip: root && 'root reads everything' }, async () => {
    await jpegs('locked/open', 2);
    await jpegs('locked/shut', 2);
    await chmod(at('locked/shut'), 0);
    await chmod(at('locked/open/1.jpg'), 0);
    const set = await openData(at('locked'));
    await chmod(at('locked/shut'), 0o700);
    assert.deepEqual(set.files, ['open/0.jpg']);
    const reason = 'no permission to read it';
    assert.deepEqual(skippedOf(set), { 'open/1.jpg': reason, 'shut/': reason });
  });

  it('reports progress, and stops when told to', async () => {
    const progress: [number, number][] = [];
    await openData(at('classes'), { onProgress: (done, total) => progress.push([done, total]) });
    assert.deepEqual(progress.at(-1), [17, 17]);
    await assert.rejects(openData(at('classes'), { signal: AbortSignal.abort() }), { code: 'aborted' });
  });

  it('refuses misspelt options and wrong values', async () => {
    for (const [options, message] of [
      [{ limt: 5 }, /openData: there is no "limt"; its options: .*limit/],
      [{ shard: { index: 1, of: 2 } }, /openData.shard: there is no "of"/],
      [{ shortSide: 0 }, /shortSide must be a positive number, got 0/],
      [{ cacheBytes: -1 }, /cacheBytes must be a number of at least 0, got -1/],
      [{ signal: new AbortController() }, /signal must be an AbortSignal, .*got an AbortController/],
    ] as const) {
      await assert.rejects(openData(at('classes'), options as never), { code: 'bad-argument', message });
    }
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
    const train = await openData(photos.path, { split: 'train', labels: true });
    const test = await openData(photos.path, { split: 'test' });
    assert.deepEqual([train.length + test.length, train.classes!.length], [300, 25]);
    assert.match(skippedByReason(train.skipped!), /^2 not a .* image \(1 \.txt, 1 \.json\)$/);
    for (let i = 0; i < test.length; i++) {
      const { width, height } = await test.image(i);
      assert.ok(Math.min(width, height) >= 224 && Math.min(width, height) < 512);
    }
  });
});
