import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { create } from '@bufbuild/protobuf';
import { StringStringEntryProtoSchema, TensorProto_DataLocation } from 'onnx-buf';
import { type BagsslError, type CreateEmbedderOptions, createEmbedder } from '../../src/index.ts';
import type { OnnxEncoder } from '../../src/onnx-encoder/onnx-encoder.ts';
import { onnxFile } from '../support/onnx-file.ts';
import { serve } from '../support/static-server.ts';

const folder = await mkdtemp(join(tmpdir(), 'bagssl-onnx-'));
after(() => rm(folder, { recursive: true }));
const at = (name: string) => join(folder, name);
const engine = { device: 'native', threads: 1, onWarning: () => {} } as const;
type Onnx = CreateEmbedderOptions['onnx'];
const open = (encoder: string | URL | Uint8Array, onnx: Onnx = { cache: false }) =>
  createEmbedder({ ...engine, encoder, onnx });
const code = (wanted: string, message: RegExp) => (error: BagsslError) => {
  assert.equal(error.code, wanted, error.message);
  assert.match(error.message, message);
  return true;
};

/** Adds two numbers, kept in another file, to the means of every channel; from `offset` on there. */
function external(location: string, offset?: number): Uint8Array {
  const tensors = { w: { dims: [1, 3], float: [0, 0, 0] } };
  const nodes = [
    ['GlobalAveragePool', 'x', 'p'],
    ['Flatten', 'p', 'f'],
    ['Add', 'f w', 'embedding'],
  ] as const;
  const file = { inputs: { x: ['b', 3, 4, 4] }, tensors, nodes, outputs: 'embedding' };
  return onnxFile(file, ({ graph }) => {
    const [tensor] = graph!.initializer;
    tensor.floatData = [];
    tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
    const entry = (key: string, value: string) => create(StringStringEntryProtoSchema, { key, value });
    tensor.externalData = [
      entry('location', location),
      ...(offset === undefined ? [] : [entry('offset', String(offset)), entry('length', '12')]),
    ];
  });
}

const CONFIG = {
  do_resize: true,
  size: { shortest_edge: 8 },
  do_center_crop: true,
  crop_size: { height: 4, width: 4 },
  do_normalize: true,
  image_mean: [0, 0, 0],
  image_std: [1, 1, 1],
  resample: 3,
};
const weights = new Uint8Array(Float32Array.of(9, 10, 20, 30).buffer);
const grey = { data: new Uint8Array(64).fill(51), width: 8, height: 8, layout: 'grey' } as const;
const near = (found: Float32Array, expected: readonly number[]) =>
  assert.ok(
    found.every((value, i) => Math.abs(value - expected[i]) < 1e-5),
    `${found}`,
  );
/** What the model makes of the grey image: 51 / 255, and the numbers of the other file from byte 4 on. */
const VECTOR = [10.2, 20.2, 30.2];

/** Bytes of which zeros are between two texts. */
const latin = (start: string, zeros = 0, end = '') => Buffer.from(start + '\0'.repeat(zeros) + end, 'latin1');

async function put(files: Readonly<Record<string, Uint8Array | string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(at(name)), { recursive: true });
    await writeFile(at(name), content);
  }
}

before(() =>
  put({
    'hub/preprocessor_config.json': JSON.stringify(CONFIG),
    'hub/onnx/model.onnx': external('model.onnx.data', 4),
    'hub/onnx/model.onnx.data': weights,
  }),
);

describe('an .onnx file at a path', () => {
  it('is read with its weights beside it and the configuration one folder up, as Hugging Face lays it out', async () => {
    for (const path of [at('hub/onnx/model.onnx'), pathToFileURL(at('hub/onnx/model.onnx'))]) {
      await using embedder = await open(path);
      near(await embedder.embed(grey), VECTOR);
      const { input, notes } = embedder.encoder as OnnxEncoder;
      assert.deepEqual([input.crop, input.fit, input.interpolation, input.mean], [0.5, 'crop', 'bicubic', [0, 0, 0]]);
      assert.deepEqual(notes, []);
    }
  });

  it('is taken as bytes with the bytes of its weights', async () => {
    const model = external('model.onnx.data', 4);
    await assert.rejects(
      open(model),
      code('bad-data', /second file, "model\.onnx\.data"\. Give its bytes: onnx: \{ data/),
    );
    const input = { mean: 0, std: 1 };
    await using embedder = await open(model, { data: { 'model.onnx.data': weights }, input });
    near(await embedder.embed(grey), VECTOR);
    const strange = { data: { 'model.onnx.data': weights, 'other.data': weights } };
    await assert.rejects(
      open(model, strange),
      code('bad-argument', /names no file "other\.data"; it names "model\.onnx\.data"/),
    );
  });

  it('opens no other file than one in its own folder', async () => {
    await put({ 'secret.data': weights });
    for (const location of [
      '../secret.data',
      at('secret.data'),
      'a/../../secret.data',
      'C:\\secret.data',
      '',
      '..\\secret.data',
    ]) {
      await put({ 'own/model.onnx': external(location, 0) });
      await assert.rejects(
        open(at('own/model.onnx')),
        code('bad-model', /"w" keeps its data in ".*only a file in the model's own folder/i),
      );
    }
  });

  it('says that its weights are missing, or too short', async () => {
    await put({ 'missing/model.onnx': external('weights.bin', 4) });
    await assert.rejects(open(at('missing/model.onnx')), code('bad-data', /second file.*weights\.bin.*Put it beside/));
    await put({ 'missing/weights.bin': weights.subarray(0, 12) });
    await assert.rejects(
      open(at('missing/model.onnx')),
      code('bad-data', /"weights\.bin".*has 12 bytes; 16 are needed/),
    );
  });

  it('says what is there in place of a model', async () => {
    await put({
      'page.onnx': '\n<!DOCTYPE html><html></html>',
      'pointer.onnx': 'version https://git-lfs.github.com/spec/v1\noid sha256:00',
      'empty.onnx': '',
      'weights.onnx': latin('PK\x03\x04', 26, 'net/data.pkl'),
      'pickle.onnx': latin('\x80\x02'),
      'lite.onnx': latin('', 4, 'TFL3'),
      'packed.onnx': latin('\x1f\x8b'),
      'tensors.onnx': latin('\x40', 7, '{"a":{}}'),
      'answer.onnx': 'Entry not found',
    });
    for (const [file, message] of [
      ['page.onnx', /a page of HTML.*\/resolve\/main\//],
      ['pointer.onnx', /pointer of Git LFS/],
      ['empty.onnx', /empty/],
      ['weights.onnx', /weights of PyTorch.*Export the network to \.onnx/],
      ['pickle.onnx', /Python pickle.*Export/],
      ['lite.onnx', /TensorFlow Lite.*tf2onnx/],
      ['packed.onnx', /packed by gzip/],
      ['tensors.onnx', /safetensors, which hold no network/],
      ['answer.onnx', /text: "Entry not found"/],
    ] as const)
      await assert.rejects(open(at(file)), code('bad-model', message));
    await assert.rejects(open(at('nothing.onnx')), code('bad-data', /nothing\.onnx" cannot be read.*Check the path/));
    await assert.rejects(open(folder), code('bad-data', /cannot be read: it is a folder; name a file in it/));
    await put({ 'model.pt': latin('\x80\x02') });
    await assert.rejects(
      createEmbedder({ ...engine, encoder: at('model.pt') }),
      code('bad-checkpoint', /a Python pickle.*Export/),
    );
  });
});

describe('an .onnx file at a URL', () => {
  it('is fetched once, with progress, and kept with what is beside it', async () => {
    const asked: string[] = [];
    const note = (path: string) => {
      asked.push(path);
      return {};
    };
    await using server = await serve(folder, note);
    const url = `${server.origin}/hub/onnx/model.onnx?download=true`;
    const model = await readFile(at('hub/onnx/model.onnx'));
    const sha256 = createHash('sha256').update(model).digest('hex');
    const told: (readonly number[])[] = [];
    const onnx = { cache: at('kept'), sha256 };
    for (let time = 0; time < 2; time++) {
      await using embedder = await createEmbedder({
        ...engine,
        encoder: url,
        onnx,
        onProgress: (...t) => told.push(t),
      });
      near(await embedder.embed(grey), VECTOR);
      assert.equal((embedder.encoder as OnnxEncoder).name, 'model.onnx');
    }
    const of = (name: string) => asked.filter((path) => path.endsWith(name)).length;
    assert.deepEqual([of('.onnx'), of('.data'), of('hub/preprocessor_config.json')], [1, 1, 1]);
    assert.ok(told.some(([done]) => done === model.length));
    assert.equal((await readdir(at('kept'))).length, 3);
    // A kept file of another digest is fetched again.
    await put({ 'hub/onnx/model.onnx': Buffer.concat([model, Uint8Array.of(0x12, 0)]) });
    const changed = createHash('sha256')
      .update(await readFile(at('hub/onnx/model.onnx')))
      .digest('hex');
    await using again = await open(url, { ...onnx, sha256: changed });
    near(await again.embed(grey), VECTOR);
    assert.equal(of('.onnx'), 2);
    await assert.rejects(open(url, onnx), code('bad-data', /not the expected file/));
  });

  it('is prepared by the first configuration there is, and no more are asked for', async () => {
    const numbers = { mean: [0, 0, 0], std: [0.5, 0.5, 0.5] };
    const images = { image_mean: [0, 0, 0], image_std: [0.25, 0.25, 0.25] };
    const files: Record<string, Uint8Array | string> = {
      '/onnx/model.onnx': external('model.onnx.data', 4),
      '/onnx/model.onnx.data': weights,
      '/config.json': JSON.stringify({ pretrained_cfg: { ...numbers, input_size: [3, 4, 4] } }),
    };
    const asked: string[] = [];
    const server = createServer(({ url = '' }, response) => {
      if (url.endsWith('.json')) asked.push(url);
      response.writeHead(url in files ? 200 : 404).end(files[url]);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as { port: number };
    const opened = async () => {
      asked.length = 0;
      await using embedder = await open(`http://127.0.0.1:${port}/onnx/model.onnx`);
      const { input, notes } = embedder.encoder as OnnxEncoder;
      assert.deepEqual(notes, []);
      return { std: input.std[0], asked };
    };
    const all = ['preprocessor_config', 'processor_config', 'preprocess_cfg', 'config'].flatMap((name) => [
      `/onnx/${name}.json`,
      `/${name}.json`,
    ]);
    try {
      assert.deepEqual(await opened(), { std: 0.5, asked: all });
      files['/onnx/preprocess_cfg.json'] = JSON.stringify({ size: 4, ...numbers, std: 0.125 });
      assert.deepEqual(await opened(), { std: 0.125, asked: all.slice(0, 5) });
      files['/processor_config.json'] = JSON.stringify({ image_processor: images });
      assert.deepEqual(await opened(), { std: 0.25, asked: all.slice(0, 4) });
    } finally {
      server.close();
    }
  });

  it('that leads to a page is refused, and the page is not kept', async () => {
    const page = '<!doctype html><title>Sign in</title>';
    const server = createServer((request, response) => {
      if (request.url === '/model.onnx') response.writeHead(302, { location: '/login' }).end();
      else response.writeHead(200, { 'content-type': 'text/html' }).end(page);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as { port: number };
    try {
      const cache = at('kept-page');
      await assert.rejects(
        open(`http://127.0.0.1:${port}/model.onnx`, { cache }),
        code('bad-data', /answered with a web page/),
      );
      assert.deepEqual(await readdir(cache).catch(() => []), []);
    } finally {
      server.close();
    }
  });

  it('that is not there is named', async () => {
    await using server = await serve(folder);
    await assert.rejects(
      open(`${server.origin}/no.onnx`),
      code('bad-data', /no\.onnx could not be fetched: the server answered 404/),
    );
  });
});
