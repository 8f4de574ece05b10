import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it, mock } from 'node:test';
import { sha256 } from '../../src/base/sha256.ts';

describe('SHA-256', () => {
  const inputs = [0, 1, 55, 56, 63, 64, 65, 1000, 100_003].map((length) =>
    Uint8Array.from({ length }, (_, i) => (i * 31 + length) & 255),
  );
  const expected = inputs.map((bytes) => createHash('sha256').update(bytes).digest('hex'));

  it('is what OpenSSL computes', async () => {
    assert.deepEqual(await Promise.all(inputs.map(sha256)), expected);
  });

  it('is so as well on pages to which browsers give no crypto.subtle', async () => {
    const without = mock.getter(globalThis.crypto, 'subtle', () => undefined);
    assert.deepEqual(await Promise.all(inputs.map(sha256)), expected);
    assert.ok(without.mock.callCount() >= inputs.length);
    mock.restoreAll();
  });
});
