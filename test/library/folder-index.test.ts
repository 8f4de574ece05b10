import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { promisify } from 'node:util';
import sharp, { type Sharp } from 'sharp';
import { builtinScenes } from '../../src/data.ts';
import { type BagsslError, createEmbedder } from '../../src/index.ts';
import { changesOf } from '../../src/library/changes.ts';
import { type FolderIndexOptions, openFolderIndex } from '../../src/node.ts';
import { bagssl } from '../support/command-line.ts';
import { onnxFile } from '../support/onnx-file.ts';

const scenes = builtinScenes({});
const ENGINE = { device: 'native', threads: 1, workers: 0 } as const;

/** A photograph, as a JPEG. */
async function photo(scene: number, change = (image: Sharp) => image): Promise<Buffer> {
  const { data, width, height } = await scenes.image(scene);
  const area = width * height;
  const rgb = Uint8Array.from({ length: 3 * area }, (_, i) => data[(i % 3) * area + Math.floor(i / 3)]);
  return change(sharp(rgb, { raw: { width, height, channels: 3 } }).resize(96, 96))
    .jpeg({ quality: 92 })
    .toBuffer();
}

let top: string;
let folder: string;
let count = 0;
before(async () => {
  top = await mkdtemp(join(tmpdir(), 'bagssl-library-'));
});
after(() => rm(top, { recursive: true }));

const at = (file: string) => join(folder, file);
async function put(file: string, bytes: Uint8Array | string): Promise<void> {
  await mkdir(dirname(at(file)), { recursive: true });
  await writeFile(at(file), bytes);
}

/** A small library: six photographs in folders by year, two files of one name, and what is none. */
beforeEach(async () => {
  folder = join(top, `${count++}`);
  const files = ['2021/01/a.jpg', '2021/02/a.jpg', '2022/b.jpeg', 'c', 'd.heic', 'e.jpg'];
  for (const [scene, file] of files.entries()) await put(file, await photo(scene));
  await put('notes.txt', 'no picture');
  await put('2021/damaged.jpg', (await photo(9)).subarray(0, 300));
});

const open = (options: FolderIndexOptions = {}) => openFolderIndex(folder, { ...ENGINE, ...options });
const TAKEN = ['2021/01/a.jpg', '2021/02/a.jpg', '2022/b.jpeg', 'c', 'd.heic', 'e.jpg'];
const refused = (code: string, words: RegExp) => (error: BagsslError) =>
  error.code === code && words.test(error.message);

describe('the index of a folder', () => {
  it('has every picture by its path, with the vector of createEmbedder, and names what has none', async () => {
    await using index = await open();
    assert.deepEqual([...index.index.ids].sort(), TAKEN);
    const { skipped, ...counts } = index.synced;
    assert.deepEqual(counts, { embedded: 6, moved: 0, unchanged: 0, removed: 0, warnings: [] });
    assert.deepEqual(skipped.map(({ file }) => file).sort(), ['2021/damaged.jpg', 'notes.txt']);
    await using embedder = await createEmbedder(ENGINE);
    const [first] = index.index.search(await embedder.embed(at('2022/b.jpeg')), 1);
    assert.equal(first.id, '2022/b.jpeg');
    assert.ok(first.similarity > 1 - 1e-5);
  });

  it('shows an encoder in an .onnx file the detail that createEmbedder shows it', async () => {
    // The energy of the differences between neighbouring columns, by channel.
    const columns = (from: number) => ({ dims: [1], int64: [from] });
    const encoder = onnxFile({
      inputs: { x: ['b', 3, 320, 320] },
      tensors: {
        even: columns(0),
        odd: columns(1),
        end: columns(320),
        axis: columns(3),
        step: { dims: [1], int64: [2] },
      },
      nodes: [
        ['Slice', 'x even end axis step', 'left'],
        ['Slice', 'x odd end axis step', 'right'],
        ['Sub', 'left right', 'd'],
        ['Mul', 'd d', 'e'],
        ['GlobalAveragePool', 'e', 'p'],
        ['Flatten', 'p', 'v'],
      ],
      outputs: 'v',
    });
    // Red stripes of 4 pixels, green ones of 40: only the green ones are left once the picture is shrunk to 256.
    const side = 1280;
    const stripes = Uint8Array.from({ length: 3 * side * side }, (_, i) => {
      const x = Math.floor(i / 3) % side;
      return [(x >> 2) & 1, Math.floor(x / 40) & 1, 0][i % 3] * 255;
    });
    const picture = await sharp(stripes, { raw: { width: side, height: side, channels: 3 } })
      .png()
      .toBuffer();
    await put('stripes.png', picture);
    await using index = await open({ encoder });
    await using embedder = await createEmbedder({ ...ENGINE, encoder });
    const found = index.index.search(await embedder.embed(picture), 7).find(({ id }) => id === 'stripes.png');
    assert.ok(found!.similarity > 1 - 1e-6, `${found!.similarity}`);
  });

  it('embeds only what is new or changed, knows moved files by their bytes, and drops what is gone', async () => {
    await (await open()).dispose();
    await put('new.jpg', await photo(20));
    await put('2022/b.jpeg', await photo(21));
    await rename(at('2021'), at('renamed'));
    await rm(at('e.jpg'));
    await cp(at('c'), at('copy of c'));
    await using index = await open();
    const { skipped, warnings: _, ...counts } = index.synced;
    assert.deepEqual(counts, { embedded: 2, moved: 3, unchanged: 2, removed: 4 });
    const ids = ['2022/b.jpeg', 'c', 'copy of c', 'd.heic', 'new.jpg', 'renamed/01/a.jpg', 'renamed/02/a.jpg'];
    assert.deepEqual([...index.index.ids].sort(), ids);
    assert.deepEqual(index.index.vector('copy of c'), index.index.vector('c'));
    // The same as an index made now.
    await using made = await open({ place: join(top, `${count++}`) });
    for (const id of ids) assert.deepEqual(index.index.vector(id), made.index.vector(id), id);
    assert.equal(skipped.length, 2);
  });

  it('neither starts an engine nor writes where nothing has changed', async () => {
    await (await open()).dispose();
    const files = async () => {
      const [name] = await readdir(at('.bagssl'));
      const all = (await readdir(join(at('.bagssl'), name))).sort();
      return Promise.all(all.map(async (file) => [file, (await stat(join(at('.bagssl'), name, file))).mtimeMs]));
    };
    const before = await files();
    // This device does not exist in Node, so starting the engine would fail.
    await using index = await open({ device: 'webgpu' });
    assert.equal(index.synced.unchanged, 6);
    assert.equal(index.synced.embedded, 0);
    assert.deepEqual(await files(), before);
  });

  it('keeps what was done before it was stopped', async () => {
    const controller = new AbortController();
    const stopping = open({ signal: controller.signal, onProgress: (done) => done >= 4 && controller.abort() });
    await assert.rejects(stopping, refused('aborted', /stopped/));
    await using index = await open();
    assert.deepEqual([index.synced.embedded, index.synced.unchanged], [3, 3]);
  });

  it('of many pictures is made in workers, a thread each, with the same vectors, faults and progress', async () => {
    const damaged = (await photo(9)).subarray(0, 300);
    for (let k = 0; k < 110; k++) await put(`many/${k}.jpg`, k % 40 === 7 ? damaged : await photo(k));
    const made = async (options: FolderIndexOptions) => {
      const heard: number[] = [];
      const place = join(top, `${count++}`);
      await using index = await open({ ...options, place, onProgress: (done) => heard.push(done) });
      const { index: found, synced } = index;
      return { vectors: new Map([...found.ids].map((id) => [id, found.vector(id)!])), synced, heard };
    };
    const one = await made({});
    const shared = await made({ threads: 3 });
    assert.deepEqual(shared.synced, one.synced);
    assert.equal(shared.synced.skipped.length, 5);
    assert.equal(shared.heard.at(-1), one.heard.at(-1));
    assert.deepEqual(
      shared.heard,
      shared.heard.toSorted((a, b) => a - b),
    );
    assert.deepEqual([...shared.vectors.keys()].sort(), [...one.vectors.keys()].sort());
    for (const [id, vector] of one.vectors) {
      const other = shared.vectors.get(id)!;
      assert.ok(
        vector.every((value, i) => Math.abs(value - other[i]) < 1e-5),
        String(id),
      );
    }
    // Where no worker starts, this thread does it.
    const alone = await made({ threads: 2, embedderUrl: new URL('file:///nowhere/embedder.worker.js') });
    assert.deepEqual(alone.vectors, one.vectors);
    const controller = new AbortController();
    const place = join(top, `${count++}`);
    const stopping = open({
      place,
      threads: 2,
      signal: controller.signal,
      onProgress: (done) => done >= 20 && controller.abort(),
    });
    await assert.rejects(stopping, refused('aborted', /stopped/));
    await using rest = await open({ place });
    assert.ok(rest.synced.unchanged >= 15 && rest.synced.unchanged < 60, `${rest.synced.unchanged} were kept`);
  });

  it('finds the pictures like a photo, of the folder or from elsewhere, and not the photo itself', async () => {
    await put('copy.jpg', await photo(2, (image) => image.flop().resize(48, 48)));
    await using index = await open();
    assert.equal((await index.similar(at('2022/b.jpeg')))[0].id, 'copy.jpg');
    assert.equal((await index.similar(new URL(`file://${at('copy.jpg')}`), 1))[0].id, '2022/b.jpeg');
    assert.deepEqual(
      (await index.similar(await photo(2)))
        .map(({ id }) => id)
        .slice(0, 2)
        .sort(),
      ['2022/b.jpeg', 'copy.jpg'],
    );
    await assert.rejects(index.similar('nowhere.jpg'), refused('bad-data', /nowhere\.jpg/));
  });

  it('is embedded again by another encoder, beside the first', async () => {
    await (await open()).dispose();
    await using other = await open({ encoder: 'models/cifar10.safetensors' });
    assert.equal(other.synced.embedded, 6);
    await using laid = await open({ encoder: 'models/cifar10.safetensors', layout: 'halves' });
    assert.equal(laid.synced.embedded, 6);
    assert.ok(laid.index.vectors.columns > other.index.vectors.columns);
    await using first = await open();
    assert.equal(first.synced.embedded, 0);
  });

  it('says what a folder without a usable picture holds, and refuses options and places that cannot be', async () => {
    folder = join(top, 'none');
    await put('a.txt', 'x');
    await put('b.txt', 'x');
    await assert.rejects(open(), refused('bad-data', /holds no images.*2 .*\.txt/));
    await assert.rejects(openFolderIndex(join(top, 'missing')), refused('bad-data', /missing.*does not exist/));
    await assert.rejects(open({ plac: 'x' } as FolderIndexOptions), refused('bad-argument', /no "plac"/));
    await put('c.jpg', await photo(1));
    await writeFile(join(top, 'a file'), '');
    await assert.rejects(open({ place: join(top, 'a file') }), refused('bad-checkpoint', /a file/));
    if (process.platform === 'linux')
      await assert.rejects(
        open({ place: '/sys/none' }),
        refused('not-saved', /Nothing can be kept there.*place \(--place\)/),
      );
  });

  it('is brought up to date by one process at a time', async () => {
    await (await open()).dispose();
    await put('new.jpg', await photo(20));
    const [name] = await readdir(at('.bagssl'));
    const lock = join(at('.bagssl'), name, 'index.lock');
    await writeFile(lock, JSON.stringify({ pid: process.pid, host: hostname() }));
    await assert.rejects(open(), refused('run-busy', /The index in .* is being brought up to date by process/));
    await rm(lock);
    await using index = await open();
    assert.equal(index.synced.embedded, 1);
  });

  it('names what it took though the file is damaged, also the next time and under another name', async () => {
    const whole = await photo(12);
    await put('2022/cut: 1.jpg', whole.subarray(0, whole.length - 200));
    await put('whole.jpg', whole);
    const damaged = async () => {
      await using index = await open();
      return [index.index.size, index.synced.warnings.map(({ file, reason }) => [file, /cut short/.test(reason)])];
    };
    assert.deepEqual(await damaged(), [8, [['2022/cut: 1.jpg', true]]]);
    assert.deepEqual(await damaged(), [8, [['2022/cut: 1.jpg', true]]]);
    await rename(at('2022/cut: 1.jpg'), at('moved'));
    assert.deepEqual(await damaged(), [8, [['moved', true]]]);
  });

  it('takes any name, and says what to do about one that is not UTF-8', {
    skip: process.platform !== 'linux',
  }, async () => {
    const names = ['new\nline.jpg', '🏖 "quoted".jpg', ' .jpg', '100%.jpg', 'A.jpg', 'a.jpg'];
    for (const [k, name] of names.entries()) await put(name, await photo(30 + k));
    await writeFile(Buffer.concat([Buffer.from(`${folder}/`), Buffer.of(0xff), Buffer.from('.jpg')]), await photo(40));
    await mkdir(Buffer.concat([Buffer.from(`${folder}/folder `), Buffer.of(0xff)]));
    await symlink('a.jpg', Buffer.concat([Buffer.from(`${folder}/link `), Buffer.of(0xff)]));
    await (await open()).dispose();
    await using index = await open();
    assert.deepEqual(
      names.filter((name) => !index.index.has(name)),
      [],
    );
    assert.equal(index.synced.embedded, 0);
    const unnamed = index.synced.skipped.filter(({ file }) => file.includes('\ufffd'));
    assert.deepEqual(
      unnamed.map(({ file, reason }) => [file, /not UTF-8.*rename it/.test(reason)]),
      ['folder \ufffd/', 'link \ufffd', '\ufffd.jpg'].map((file) => [file, true]),
    );
  });

  it('keeps what it knows of an empty folder, such as a drive that is not mounted, and of one that cannot be opened', async () => {
    const place = join(top, `${count++}`);
    await (await open({ place })).dispose();
    await rename(folder, `${folder}-away`);
    await mkdir(folder);
    await assert.rejects(open({ place }), refused('bad-data', /holds no images/));
    await rm(folder, { recursive: true });
    await rename(`${folder}-away`, folder);
    const taken = async () => {
      await using index = await open({ place, device: 'webgpu' }); // in Node, no engine starts
      const { unchanged, embedded, removed } = index.synced;
      return { size: index.index.size, unchanged, embedded, removed };
    };
    assert.deepEqual(await taken(), { size: 6, unchanged: 6, embedded: 0, removed: 0 });
    // What the system says of a folder that it cannot open. Root can open all.
    const listing = { images: [], skipped: [], unread: ['2021/', 'c'] };
    const known = new Map(TAKEN.map((file) => [file, { file, size: 1, time: 1, digest: '', row: 0 }]));
    assert.deepEqual(changesOf(listing, known).gone, ['2022/b.jpeg', 'd.heic', 'e.jpg']);
  });

  it('opens again after a failed opening, not after dispose, and refuses options before it reads the folder', async () => {
    const place = join(top, `${count++}`);
    await using index = await open({ place });
    await index.dispose();
    await assert.rejects(index.similar(await photo(3)), refused('disposed', /open it again/));
    await assert.rejects(index.sync(), refused('disposed', /open it again/));
    const nowhere = join(top, `${count++}`);
    for (const wrong of [{ layout: 'halves' }, { placement: { kind: 'grid', across: 2 } }] as const)
      await assert.rejects(open({ place: nowhere, ...wrong }), refused('bad-argument', /sees whole images/));
    await assert.rejects(stat(nowhere), { code: 'ENOENT' });
  });

  it('takes a link by its own name', async () => {
    await symlink('2022/b.jpeg', at('link.jpg'));
    await using index = await open();
    const found = await index.similar(at('link.jpg'), 7);
    assert.equal(found[0].id, '2022/b.jpeg');
    assert.ok(found.every(({ id }) => id !== 'link.jpg'));
  });

  it('goes by the bytes where a time has changed alone', async () => {
    await (await open()).dispose();
    await utimes(at('c'), 1, 1);
    await using index = await open();
    assert.deepEqual([index.synced.moved, index.synced.embedded], [1, 0]);
  });
});

describe('bagssl index, similar and duplicates', () => {
  const engine = '--device native --threads 1 --workers 0'.split(' ');

  it('list similar pictures and groups of duplicates, and say what was left out', async () => {
    await put('2022/smaller.jpg', await photo(5, (image) => image.resize(64, 64)));
    await put('cut.jpg', (await photo(11)).subarray(0, -150));
    const made = await bagssl(['index', folder, '--list-skipped', ...engine]);
    assert.equal(made.code, 0, made.stderr);
    assert.match(made.stderr, /8 pictures of .*8 new or changed.*left out 2/s);
    assert.match(made.stderr, /2021\/damaged\.jpg: /);
    assert.match(made.stderr, /1 image was taken though damaged:\n {2}cut\.jpg: .*cut short/);
    const found = await bagssl(['similar', folder, 'e.jpg', '-n', '3', '--html', join(top, 'page.html'), ...engine]);
    assert.equal(found.code, 0, found.stderr);
    const lines = found.stdout.trim().split('\n');
    assert.equal(lines.length, 3);
    assert.match(lines[0], /^0\.9\d\d {2}2022\/smaller\.jpg$/);
    const json = await bagssl(['duplicates', folder, '--json', ...engine]);
    assert.deepEqual(
      JSON.parse(json.stdout).groups.map(({ files }: { files: string[] }) => files.sort()),
      [['2022/smaller.jpg', 'e.jpg']],
    );
  });

  it('write a name in one line, whatever is in it, and commands that a shell takes', async () => {
    const odd = join(top, "it's odd");
    await mkdir(odd);
    for (const name of ['new\nline.jpg', 'red \x1b[31m.jpg', 'b.jpg'])
      await writeFile(join(odd, name), await photo(50));
    await writeFile(join(odd, 'empty\n.jpg'), '');
    const place = join(top, 'index of odd');
    const made = await bagssl(['index', odd, '--place', place, '--list-skipped', ...engine]);
    assert.equal(made.code, 0, made.stderr);
    assert.match(made.stderr, /^ {2}empty\\n\.jpg: the file is empty$/m);
    const [, command] = /^Next: bagssl similar (.*) PHOTO/m.exec(made.stderr)!;
    const shown = await promisify(execFile)('sh', ['-c', `printf '%s' ${command}`]);
    assert.equal(shown.stdout, odd);
    assert.ok(made.stderr.includes(`--place '${place}'`));
    const found = await bagssl(['similar', odd, 'b.jpg', '--place', place, ...engine]);
    assert.equal(found.stdout, '1.000  new\\nline.jpg\n1.000  red \\u001b[31m.jpg\n');
  });

  it('refuse wrong use with a sentence', async () => {
    for (const [args, words] of [
      [['similar', folder], /PHOTO is missing/],
      [['index'], /FOLDER is missing/],
      [['index', folder, 'more'], /"more" is one too many after FOLDER/],
      [['duplicates', folder, '--threshold', '95'], /--threshold must be a number from -1 to 1, got "95"/],
      [['similar', folder, 'a.jpg', '-n', '0'], /--number must be a whole number of at least 1, got "0"/],
    ] as const) {
      const { code, stderr } = await bagssl([...args]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, words);
    }
    const { code, stderr } = await bagssl(['similar', folder, 'missing.jpg']);
    assert.equal(code, 1);
    assert.match(stderr, /PHOTO "missing\.jpg" does not exist/);
  });
});
