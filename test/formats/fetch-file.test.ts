import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, it } from 'node:test';
import { fetchFile } from '../../src/formats.ts';
import { BagsslError, type ErrorCode } from '../../src/index.ts';

const file = Buffer.from(Uint8Array.from({ length: 100_000 }, (_, i) => i * 7));
const sha256 = createHash('sha256').update(file).digest('hex');
const server = createServer(({ url }, response) => {
  if (url === '/none') response.writeHead(404).end();
  else if (url === '/cut')
    response.writeHead(200, { 'content-length': file.length }).write(file.subarray(0, 9), () => response.destroy());
  else if (url === '/endless') {
    const more = () => response.writable && response.write(file, more);
    more();
  } else response.end(file);
});
await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
after(() => server.close());
const at = (path: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/${path}`;
const code = (expected: ErrorCode, message: RegExp) => (error: unknown) =>
  error instanceof BagsslError && error.code === expected && message.test(error.message);

describe('a downloaded file', () => {
  it('is taken when its digest is the one asked for', async () => {
    assert.deepEqual(Buffer.from(await fetchFile(at('file'), { sha256: sha256.toUpperCase() })), file);
  });

  it('is refused when it is another, missing, cut off or too large, or when no digest is given', async () => {
    const other = `0${sha256.slice(1)}`.replace(/^0(?=0)/, '1');
    await assert.rejects(
      fetchFile(at('file'), { sha256: other.slice(0, 63) + (sha256[63] === '0' ? '1' : '0') }),
      code('bad-data', /not the expected file/),
    );
    await assert.rejects(fetchFile(at('none'), { sha256 }), code('bad-data', /404/));
    await assert.rejects(fetchFile(at('cut'), { sha256 }), code('bad-data', /could not be fetched/));
    await assert.rejects(fetchFile(at('endless'), { sha256, most: 300_000 }), code('bad-data', /larger than 300000/));
    await assert.rejects(fetchFile(at('file'), { sha256: 'abc' }), code('bad-argument', /64 hexadecimal/));
    const heard: number[] = [];
    await fetchFile(at('file'), { sha256, onProgress: (done) => heard.push(done) });
    assert.equal(heard.at(-1), file.length);
    const signal = AbortSignal.abort();
    await assert.rejects(fetchFile(at('file'), { sha256, signal }), code('aborted', /was stopped/));
  });
});
