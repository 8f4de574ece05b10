import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

const zipped = (file: string) => gzipSync(readFileSync(file), { level: 9 }).length;

test('the kernels take at most 24 kB gzipped, the worker at most 12 kB', () => {
  const sizes = { kernels: zipped('build/kernels.wasm'), worker: zipped('dist/patches.worker.js') };
  assert.ok(sizes.kernels > 500 && sizes.kernels <= 24_000, `${sizes.kernels} bytes`);
  assert.ok(sizes.worker > 5000 && sizes.worker <= 12_000, `${sizes.worker} bytes`);
});

test('assembly/kernels.wat is the text of the built kernels', () => {
  const committed = readFileSync('assembly/kernels.wat', 'utf8');
  assert.ok(
    committed === readFileSync('build/kernels.wat', 'utf8'),
    'The kernels have changed: cp build/kernels.wat assembly/kernels.wat, and read what it changes.',
  );
});

test('every kernel that goes over pixels works on vectors', () => {
  const wat = readFileSync('assembly/kernels.wat', 'utf8');
  const functions = new Map(
    wat
      .split('\n (func ')
      .slice(1)
      .map((text) => [text.slice(0, text.indexOf(' ')), text]),
  );
  const exported = [...wat.matchAll(/\(export "(\w+)" \(func (\S+)\)\)/g)].filter(([, name]) => name !== 'heapBase');
  assert.ok(exported.length >= 12);
  for (const [, name, internal] of exported) {
    // What a function calls may hold its loop.
    const calls = [...functions.get(internal)!.matchAll(/\(call (\S+)|call (\S+)/g)].map((m) =>
      (m[1] ?? m[2]).replace(')', ''),
    );
    const text = [internal, ...calls].map((f) => functions.get(f) ?? '').join('');
    assert.match(text, /v128\.store/, name);
    assert.match(text, /f32x4\./, name);
  }
});
