// npm run demo: builds the site of demos (demo/) into build/demo/ and serves it, cross-origin isolated.
//
//   npm run demo                    on http://127.0.0.1:8080/
//   npm run demo -- --port 9000     elsewhere
//   npm run demo -- --build         only builds: any static host serves build/demo/, under any path
//
// A demo is a folder with index.html, a script of the folder's name and card.svg. Of its index.html this takes the title, the
// description (for the card on the start page), the word for the navigation, and what goes into layout.html. All scripts lie in
// app/, side by side with what they start and load: workers, the shipped encoder, ONNX Runtime.
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { built } from './lib/built.mjs';
import { serve } from './lib/static-server.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const DEMOS = ['learn', 'look', 'camera'].filter((name) => existsSync(join(root, 'demo', name, 'index.html')));
const WORKERS = ['embedding.worker', 'reading.worker'];
const OUT = join(root, 'build/demo');
const ORT_FOLDER = join(root, 'node_modules/onnxruntime-web');
const { version: ORT_VERSION } = JSON.parse(readFileSync(join(ORT_FOLDER, 'package.json'), 'utf8'));
/** Its address names its version, so that the service worker may keep it for good. */
const ORT = `ort-${ORT_VERSION}`;
const BUILDS = {
  wasm: ['ort.wasm.bundle.min.mjs', 'ort-wasm-simd-threaded.wasm'],
  webgpu: ['ort.webgpu.bundle.min.mjs', 'ort-wasm-simd-threaded.asyncify.wasm'],
  jspi: ['ort.jspi.bundle.min.mjs', 'ort-wasm-simd-threaded.jspi.wasm'],
};

const settings = {
  bundle: true,
  minify: true,
  sourcemap: true,
  format: 'esm',
  target: 'es2022',
  legalComments: 'none',
  logLevel: 'warning',
  logOverride: { 'ignored-bare-import': 'silent' },
  absWorkingDir: root,
  tsconfigRaw: {}, // "bagssl" is what its package.json says, as for its users, and not the source that the types come from
};

/** Builds build/demo/ from what lies in dist/. */
export async function buildDemo() {
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(join(OUT, 'app', ORT), { recursive: true });
  await build({
    ...settings,
    entryPoints: [
      { in: 'demo/start.ts', out: 'start' },
      ...WORKERS.map((name) => ({ in: `demo/common/${name}.ts`, out: name })),
      ...DEMOS.map((name) => ({ in: `demo/${name}/${name}.ts`, out: name })),
    ],
    outdir: join(OUT, 'app'),
    splitting: true,
    define: { ORT: JSON.stringify(ORT) },
    external: ['@jsquash/*'], // decoders for Deno and Node
    plugins: [{ name: 'onnxruntime', setup: leaveOrtOutside }],
  });
  for (const file of ['patches.worker.js', 'trainer.worker.js', 'trainer-onnx.worker.js', 'encoder.safetensors']) {
    copyFileSync(join(root, 'dist', file), join(OUT, 'app', file));
  }
  for (const file of Object.values(BUILDS).flat()) {
    copyFileSync(join(ORT_FOLDER, 'dist', file), join(OUT, 'app', ORT, file));
  }
  writePages();
  for (const file of ['icon.svg', 'manifest.webmanifest']) copyFileSync(join(root, 'demo', file), join(OUT, file));
  const charts = readFileSync(join(root, 'node_modules/uplot/dist/uPlot.min.css'), 'utf8');
  writeFileSync(join(OUT, 'style.css'), charts + readFileSync(join(root, 'demo/common/style.css'), 'utf8'));
  await buildServiceWorker();
}

/** It is imported from its own file, which finds its WebAssembly and starts its threads by its own address. */
function leaveOrtOutside(esbuild) {
  esbuild.onResolve({ filter: /^onnxruntime-web\// }, ({ path }) => {
    const [module] = BUILDS[path.split('/')[1]];
    return { path: `./${ORT}/${module}`, external: true };
  });
}

function writePages() {
  const layout = readFileSync(join(root, 'demo/layout.html'), 'utf8');
  const pages = ['', ...DEMOS].map((name) => ({ name, ...parts(join(root, 'demo', name, 'index.html')) }));
  const demos = pages.filter(({ name }) => name);
  for (const { name, title, description, content } of pages) {
    const top = name ? '../' : './';
    const links = demos.map((demo) => {
      const current = demo.name === name ? ' aria-current="page"' : '';
      return `<a href="${top}${demo.name}/"${current}>${demo.nav}</a>`;
    });
    const cards = demos.map(
      (demo) =>
        `<li class="card"><img src="./${demo.name}/card.svg" alt=""><h2><a href="./${demo.name}/">${demo.title}</a></h2><p>${demo.description}</p></li>`,
    );
    const filled = {
      title: name ? `${title} · bagssl` : title,
      description,
      top,
      script: name || 'start',
      links: links.join(''),
      content,
      cards: cards.join(''),
    };
    mkdirSync(join(OUT, name), { recursive: true });
    const html = ['content', ...Object.keys(filled)].reduce(
      (text, key) => text.replaceAll(`%${key}%`, filled[key]),
      layout,
    );
    writeFileSync(join(OUT, name, 'index.html'), html);
    if (name) copyFileSync(join(root, 'demo', name, 'card.svg'), join(OUT, name, 'card.svg'));
  }
}

/** What stands in a page of demo/. */
function parts(file) {
  const html = readFileSync(file, 'utf8');
  const find = (pattern) => html.match(pattern)?.[1];
  return {
    title: find(/<title>(.*?)<\/title>/s),
    description: find(/<meta name="description" content="(.*?)">/s),
    nav: find(/<meta name="nav" content="(.*?)">/),
    content: html.replace(/<title>.*?<\/title>\s*|<meta .*?>\s*/gs, ''),
  };
}

/** Last, because it knows every file: it keeps all but the WebAssembly of ONNX Runtime, of which a device needs one build. */
async function buildServiceWorker() {
  const all = readdirSync(OUT, { recursive: true }).map((file) => file.replaceAll('\\', '/'));
  const files = all.filter((file) => statSync(join(OUT, file)).isFile() && !/\.map$|\/ort-wasm/.test(file)).sort();
  const hash = createHash('sha256');
  for (const file of files) hash.update(file).update(readFileSync(join(OUT, file)));
  const addresses = files.map((file) => `./${file.replace(/(^|\/)index\.html$/, '$1')}`);
  await build({
    ...settings,
    entryPoints: ['demo/service-worker.ts'],
    outfile: join(OUT, 'service-worker.js'),
    format: 'iife',
    define: {
      FILES: JSON.stringify(addresses),
      VERSION: JSON.stringify(hash.digest('hex').slice(0, 12)),
      ORT: JSON.stringify(ORT),
    },
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: { port: { type: 'string', default: '8080' }, build: { type: 'boolean', default: false } },
  });
  if (!built(root)) await import('./build.mjs');
  await buildDemo();
  if (values.build) console.log(`Built ${OUT}; any static host can serve it.`);
  else console.log(`${(await serve(OUT, undefined, undefined, Number(values.port))).origin}/`);
}
