import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { loadOnnx, withExternalData } from '../../src/encoders.ts';
import { readOnnx } from '../../src/graph/read-onnx.ts';
import { BagsslError } from '../../src/index.ts';
import { onnxFile } from '../support/onnx-file.ts';
import { runNative } from '../support/run-native.ts';

const folder = await mkdtemp(join(tmpdir(), 'bagssl-data-'));
after(() => rm(folder, { recursive: true }));

/** y = x + a + b, with a and b in another file, after four bytes of something else. */
const numbers = Float32Array.of(0, 1, 2, 3, 10, 20);
const data = new Uint8Array(numbers.buffer);
function outside(location = 'model.onnx.data', length?: number): Uint8Array {
  const entry = (key: string, value: string | number) =>
    ({ $typeName: 'onnx.StringStringEntryProto', key, value: `${value}` }) as const;
  const nodes = [
    ['Add', 'x a', 's'],
    ['Add', 's b', 'y'],
  ] as const;
  const zero = { dims: [1], float: [0] };
  return onnxFile({ inputs: { x: [3] }, tensors: { a: zero, b: zero }, nodes }, (model) => {
    for (const [k, tensor] of model.graph!.initializer.entries()) {
      tensor.dims = k === 0 ? [3n] : [1n];
      tensor.floatData = [];
      tensor.dataLocation = 1;
      const place = k === 0 ? [entry('offset', 4), entry('length', length ?? 12)] : [entry('offset', 20)];
      tensor.externalData = [entry('location', location), ...place];
    }
  });
}

const fails = (code: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof BagsslError, `${error}`);
  assert.equal(error.code, code, error.message);
  assert.match(error.message, message);
  return true;
};

async function sound(model: Uint8Array) {
  const { outputs } = readOnnx(model);
  assert.deepEqual([...(await runNative(outputs, { x: Float32Array.of(0, 0, 100) })).y], [21, 22, 123]);
}

describe('an .onnx model with its data in another file', () => {
  it('is put into one', () => {
    const alone = onnxFile({ nodes: [['Relu', 'x', 'y']] });
    assert.deepEqual(withExternalData(alone, {}), alone);
    return sound(withExternalData(outside(), { 'model.onnx.data': data }));
  });

  it('is loaded from a path and from a URL', async () => {
    await writeFile(join(folder, 'model.onnx'), outside());
    await writeFile(join(folder, 'model.onnx.data'), data);
    await sound(await loadOnnx(join(folder, 'model.onnx')));
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url!);
      response.end(request.url!.includes('.data') ? data : outside());
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      await sound(await loadOnnx(`http://127.0.0.1:${port}/onnx/model.onnx?download=true`, { cache: false }));
      assert.deepEqual(asked, ['/onnx/model.onnx?download=true', '/onnx/model.onnx.data']);
    } finally {
      server.close();
    }
  });

  for (const location of ['../model.onnx.data', '/etc/passwd', 'a/../../b', '..\\b', 'C:data', '..', '']) {
    it(`is refused where that is at "${location}"`, async () => {
      const message = /tensor "a" keeps its data in ".*"\. Only a file in the model's own folder is read/;
      assert.throws(() => withExternalData(outside(location), { [location]: data }), fails('bad-model', message));
      await writeFile(join(folder, 'elsewhere.onnx'), outside(location));
      await assert.rejects(loadOnnx(join(folder, 'elsewhere.onnx')), fails('bad-model', message));
    });
  }

  it('is refused, naming the file, where that is missing or shorter', async () => {
    assert.throws(
      () => withExternalData(outside(), { other: data }),
      fails('bad-model', /tensor "a" keeps its data in "model\.onnx\.data"; given are "other"/),
    );
    assert.throws(
      () => withExternalData(outside(), { 'model.onnx.data': data.subarray(0, 10) }),
      fails('bad-model', /tensor "a" has its data at bytes 4 to 16 of "model\.onnx\.data", which has 10/),
    );
    assert.throws(
      () => readOnnx(withExternalData(outside(undefined, 8), { 'model.onnx.data': data })),
      fails('bad-model', /tensor "a" of shape \[3\] holds 8 bytes, not 12/),
    );
    await writeFile(join(folder, 'alone.onnx'), outside('gone.data'));
    await assert.rejects(
      loadOnnx(join(folder, 'alone.onnx')),
      fails('bad-data', /alone\.onnx keeps its weights in a second file, which cannot be read.*gone\.data/),
    );
    assert.throws(() => withExternalData(outside().subarray(0, 50), {}), fails('bad-model', /Not an ONNX file/));
  });
});
