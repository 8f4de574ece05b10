import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { ISOLATED, serve } from '../scripts/lib/static-server.mjs';
import { add, createGraph, writeOnnx } from '../src/graph.ts';
import { checkDevice } from '../src/runtime.ts';
import { openChromium, SWIFTSHADER } from '../test/support/visit.ts';
import { median } from './step/median.ts';

/**
 * The cost of the first vector on a page, by parts, with all files in the browser's cache:
 * `npm run bench -- first-embedding [--json] [--device wasm|webgpu] [--rounds N]`. Each round is a new page in Chromium; the first one
 * fills the cache and does not count. The page loads dist/ as it is, through an import map.
 */
const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    json: { type: 'boolean', default: false },
    device: { type: 'string', default: 'wasm' },
    rounds: { type: 'string', default: '7' },
  },
});
const device = checkDevice(values.device);

const graph = createGraph();
const x = graph.input('x', [1]);
/** Enough for ONNX Runtime to start. */
const least = [...writeOnnx({ y: add(x, x) })];

const packages = '/node_modules';
const imports = {
  bagssl: '/dist/index.js',
  'bagssl/runtime': '/dist/runtime.js',
  comlink: `${packages}/comlink/dist/esm/comlink.mjs`,
  'comlink/': `${packages}/comlink/`,
  ...Object.fromEntries(
    ['wasm', 'webgpu', 'jspi'].map((build) => [
      `onnxruntime-web/${build}`,
      `${packages}/onnxruntime-web/dist/ort.${build}.bundle.min.mjs`,
    ]),
  ),
};
const page = `<!doctype html><title>first embedding</title><pre id="result"></pre>
<script type="importmap">${JSON.stringify({ imports })}</script>
<script type="module">
  const parts = {};
  let last = 0;
  const part = (name) => {
    const now = performance.now();
    parts[name] = now - last;
    last = now;
  };
  part('page');
  const [{ createEmbedder }, { Runtime }] = await Promise.all([import('bagssl'), import('bagssl/runtime')]);
  part('scripts');
  const runtime = await Runtime.open({ device: '${device}' });
  const least = await runtime.compile(Uint8Array.from(${JSON.stringify(least)}));
  part('onnxruntime');
  const embedder = await createEmbedder({ device: '${device}' });
  part('encoder');
  const picture = new ImageData(Uint8ClampedArray.from({ length: 4 * 256 * 192 }, (_, i) => (i * 97) % 256), 256, 192);
  await embedder.embed(picture);
  part('first vector');
  await embedder.embed(picture);
  part('second vector');
  document.querySelector('#result').textContent = JSON.stringify(parts);
</script>`;

const cached = () => ({ ...ISOLATED, 'Cache-Control': 'max-age=3600' });
const server = await serve('.', cached, (file) =>
  file.endsWith('/first-embedding.html') ? Promise.resolve(page) : readFile(file),
);
// As V8 is by default: tests have it optimise late.
const browser = await openChromium(
  '--js-flags=',
  '--enable-dawn-features=',
  ...(device === 'webgpu' ? SWIFTSHADER : []),
);
const rounds: Record<string, number>[] = [];
try {
  for (let round = 0; round <= Number(values.rounds); round++) {
    const tab = await browser.newPage();
    tab.on('pageerror', (error) => console.error(String(error)));
    await tab.goto(`${server.origin}/first-embedding.html`);
    const result = await tab.waitForFunction(() => document.querySelector('#result')?.textContent || undefined);
    if (round > 0) rounds.push(JSON.parse((await result.jsonValue())!));
    await tab.close();
  }
} finally {
  await browser.close();
  await server[Symbol.asyncDispose]();
}
const parts = Object.keys(rounds[0]);
const ms = Object.fromEntries(parts.map((name) => [name, median(rounds.map((round) => round[name]))]));
const own = parts.filter((name) => name !== 'onnxruntime' && name !== 'second vector');
const total = median(rounds.map((round) => own.reduce((sum, name) => sum + round[name], 0)));
const rows = [...Object.entries(ms), ['all but onnxruntime, to the first vector', total] as const];
for (const [part, value] of rows) {
  if (!values.json) console.log(`${part.padEnd(42)} ${value.toFixed(0).padStart(6)} ms`);
}
if (values.json) {
  console.log(
    JSON.stringify(
      rows.map(([part, value]) => ({ bench: 'first-embedding', device, part, ms: Number(value.toFixed(1)) })),
    ),
  );
}
process.exit(0);
