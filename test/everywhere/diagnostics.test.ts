import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { diagnostics, VERSION } from '../../src/index.ts';
import { type Offer, Runtime } from '../../src/runtime.ts';

const inDeno = 'Deno' in globalThis;
const inPage = 'document' in globalThis;
const inNode = !inDeno && !inPage;

describe('diagnostics', () => {
  it('says which engine is chosen, as the runtime then chooses', async () => {
    const found = await diagnostics();
    const runtime = await Runtime.open({ onWarning: () => {} });
    assert.deepEqual([found.device, found.threads], [runtime.device, runtime.threads]);
    assert.equal(found.version, VERSION);
    assert.match(found.platform, inPage ? /Chrom|Firefox/ : inDeno ? /^Deno 2/ : /^Node \d/);
    assert.ok(found.processors >= 1);
  });

  it('gives a sentence for everything that is missing, and none for what is available', async () => {
    const found = await diagnostics();
    const { webgpu, native, wasmThreads, isolation, simd, jspi, halfFloats, storage } = found;
    const offers: Record<string, Offer> = { webgpu, native, wasmThreads, isolation, simd, jspi, halfFloats, storage };
    for (const [name, { available, why }] of Object.entries(offers)) {
      if (available) assert.equal(why, undefined, name);
      else assert.match(why!, /^[A-Zo].{15,}\.$/s, name);
    }
    assert.equal(native.available, inNode); // the tests' own has it installed
    assert.ok(simd.available && isolation.available);
    assert.equal(jspi.available, !inNode && 'Suspending' in WebAssembly);
    assert.equal(wasmThreads.available, !inDeno && found.processors > 1);
    assert.equal(webgpu.available, found.adapter !== undefined && !found.adapter.software);
    assert.equal(halfFloats.available, found.adapter?.halfFloats === true);
  });

  it('says how much a page may keep', async () => {
    const { storage } = await diagnostics();
    assert.equal(storage.available, inPage);
    if (inPage) assert.ok(storage.quota! > 1e6 && storage.usage! >= 0 && typeof storage.persisted === 'boolean');
    else assert.match(storage.why!, /folderStore/);
  });

  it('of a page that is not isolated says which headers to send', { skip: !inPage && 'pages alone' }, async () => {
    Object.defineProperty(globalThis, 'crossOriginIsolated', { value: false, configurable: true });
    try {
      const { isolation, wasmThreads, device, threads } = await diagnostics();
      assert.match(isolation.why!, /Cross-Origin-Opener-Policy "same-origin"/);
      assert.match(wasmThreads.why!, /COOP/);
      if (device === 'wasm') assert.equal(threads, 1);
    } finally {
      Reflect.deleteProperty(globalThis, 'crossOriginIsolated');
    }
  });
});
