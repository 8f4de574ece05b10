// Builds dist/: the wasm kernels, the worker with everything inside it, the library, the command line, the types.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
const require = createRequire(import.meta.url);

/** Runs a package's own command line with this Node, and stops the build when it fails. */
function tool(file, ...args) {
  const done = spawnSync(process.execPath, [file, ...args], { stdio: 'inherit' });
  if (done.status !== 0) process.exit(done.status ?? 1);
}

const shared = {
  bundle: true,
  format: 'esm',
  platform: 'neutral',
  target: 'es2022',
  sourcemap: true,
  legalComments: 'none',
  loader: { '.wasm': 'binary' },
  logLevel: 'warning',
};

rmSync('dist', { recursive: true, force: true });
mkdirSync('build', { recursive: true });
// What a file right in assembly/ exports is a kernel.
const kernels = readdirSync('assembly').filter((name) => name.endsWith('.ts'));
tool(
  join(dirname(require.resolve('assemblyscript/package.json')), 'bin/asc.js'),
  ...kernels.map((name) => `assembly/${name}`),
  '--config',
  'asconfig.json',
);

// In a worker's script the kernels are text of one character a byte. Compressed, that is a third smaller than base64, which hides
// repeated bytes. Workers' scripts are read as UTF-8 always; a page's own script may not be. Small numbers, of which most bytes are,
// would be escapes of four characters: with some bits flipped they are one.
const FLIPPED = 47;
const inWorkers = {
  ...shared,
  charset: 'utf8',
  plugins: [
    {
      name: 'bytes as text',
      setup: (builder) =>
        builder.onLoad({ filter: /\.wasm$/ }, ({ path }) => {
          const text = JSON.stringify(
            readFileSync(path)
              .map((byte) => byte ^ FLIPPED)
              .toString('latin1'),
          );
          const contents = `export default Uint8Array.from(${text}, (byte) => byte.charCodeAt() ^ ${FLIPPED});`;
          return { contents, loader: 'js' };
        }),
    },
    {
      // A worker's script is one file. Left late, an import would make esbuild wrap that module, and all it imports, in functions.
      name: 'late imports early',
      setup: (builder) =>
        builder.onLoad({ filter: /\.ts$/ }, ({ path }) => {
          let early = '';
          let count = 0;
          const code = readFileSync(path, 'utf8')
            .replace(/\bimport\('\.\/ort-(\w+)\.ts'\)/g, "import('onnxruntime-web/$1')")
            // Named, it comes without the package's other hashes.
            .replace(/\(await import\(('@noble[^']+')\)\)\.(\w+)/g, (_, file, name) => {
              early += `import { ${name} as late${count} } from ${file};\n`;
              return `late${count++}`;
            })
            .replace(/\bimport\(('\.[^']+')\)/g, (_, file) => {
              early += `import * as late${count} from ${file};\n`;
              return `Promise.resolve(late${count++})`;
            });
          return { contents: `${code}\n${early}`, loader: 'ts' };
        }),
    },
  ],
};

// The worker is one file: import maps do not reach workers, and it must load from any place.
await build({
  ...inWorkers,
  entryPoints: { 'patches.worker': 'workers/patches.ts' },
  outdir: 'dist',
  minify: true,
  mainFields: ['module', 'main'],
});

// The others too, but for packages that find their WebAssembly beside their own modules, and those that may be missing. They are
// imported by names that bundlers do not see: Vite, for one, refuses a worker of more than one file. Where no import finds ONNX
// Runtime it is named by `modules`; a browser's decoder needs none of them.
// What reads .onnx files to train them is only in a script of its own, for the runs that need it, without most other encoders.
const inPlaceOf = (filter, file) => ({
  name: file,
  setup: (builder) => builder.onResolve({ filter }, () => ({ path: join(root, 'workers', file) })),
});
const withoutOnnx = inPlaceOf(/\/encoders\/onnx\.ts$/, 'no-onnx.ts');
const onlyOnnx = inPlaceOf(/^\.\/(conv|resnet|vit|depthwise|convmixer)\.ts$/, 'only-onnx.ts');
// Our own kernels, and measuring a GPU, are left to pages: workers' scripts are held to a size.
const replayedByOrt = inPlaceOf(/\/captured\.ts$/, 'replayed-by-ort.ts');
const fixedForms = inPlaceOf(/\/measure-forms\.ts$/, 'fixed-forms.ts');
// So are the part of a model that ONNX Runtime cannot load as a whole, what writes an encoder, and what learns a whitening.
const withoutPart = inPlaceOf(/\/(needed|image)-part\.ts$/, 'no-part.ts');
const withoutWriting = inPlaceOf(/\/write-encoder\.ts$/, 'no-writing.ts');
const withoutLearning = inPlaceOf(/\/whitening-programs\.ts$/, 'no-learning.ts');
for (const [name, file, plugins] of [
  ['trainer.worker', 'trainer', [withoutOnnx, replayedByOrt, fixedForms, ...inWorkers.plugins]],
  ['trainer-onnx.worker', 'trainer', [onlyOnnx, replayedByOrt, fixedForms, ...inWorkers.plugins]],
  ['embedder.worker', 'embedder', [withoutPart, withoutWriting, withoutLearning, ...inWorkers.plugins]],
  ['decoder.worker', 'decoder', inWorkers.plugins],
]) {
  await build({
    ...inWorkers,
    plugins,
    entryPoints: { [name]: `workers/${file}.ts` },
    outdir: 'dist',
    minify: true,
    mainFields: ['module', 'main'],
    external: ['onnxruntime-*', '@jsquash/*', 'libheif-js', 'omggif', 'utif2'],
  });
}
const mark = '/* webpackIgnore: true */ /* @vite-ignore */';
for (const file of readdirSync('dist').filter((name) => name.endsWith('.worker.js'))) {
  const path = join('dist', file);
  const hidden = readFileSync(path, 'utf8')
    .replace(/import\((\w+)\)/g, `import(${mark} $1)`)
    // webpack sees this one, and finds ONNX Runtime for the worker as well.
    .replace(/import\((["'])onnxruntime-web\/(\w+)\1\)/g, 'import(/* @vite-ignore */ "onnxruntime-web/".concat("$2"))')
    .replace(/import\((["'])([@\w][^"']*)\1\)/g, `import(${mark} "$2".trim())`);
  writeFileSync(path, hidden);
}

// The library keeps its dependencies as imports, so that an application holds one copy of each. Sub-paths share what they
// have in common. All chunks lie side by side, because the worker is found beside the module that starts it.
const { exports } = JSON.parse(readFileSync('package.json', 'utf8'));
const faces = Object.keys(exports)
  .filter((path) => path !== './package.json')
  .map((path) => (path === '.' ? 'index' : path.slice(2)));
const library = { ...shared, outdir: 'dist', splitting: true, packages: 'external', external: ['node:*'] };
const later = new Map();
await build({
  ...library,
  entryPoints: { ...Object.fromEntries(faces.map((name) => [name, `src/${name}.ts`])), cli: 'cli/main.ts' },
  chunkNames: 'part-[hash]',
  plugins: [
    {
      name: 'later',
      setup: (builder) =>
        builder.onResolve({ filter: /^\./ }, ({ path, kind, resolveDir }) => {
          if (kind !== 'dynamic-import') return undefined;
          const name = `later-${basename(path, '.ts')}`;
          const file = join(resolveDir, path);
          if ((later.get(name) ?? file) !== file) throw new Error(`${file} and ${later.get(name)} share a name.`);
          later.set(name, file);
          return { path: `./${name}.js`, external: true };
        }),
    },
  ],
});
// What is loaded later shares no module with what is loaded at first, but for packages. Rollup and Vite would put a shared one into
// the page's own module, and a page whose module awaits at its top would wait for the later one, which waits for the page.
// What most pages load to embed is one file, for the encoder of the package (block-bags) or another; modules for .onnx files that run as they are another, and what is done in workers a few:
// shared pieces would each be compressed by themselves.
const single = ['src/runtime/ort.ts', 'src/runtime/runtime.ts'];
// A page's bundler would cut Comlink out of what is loaded at first, too, so what is done in workers has a copy of its own.
const ownComlink = {
  name: 'own comlink',
  setup: (builder) =>
    builder.onResolve({ filter: /^comlink/ }, ({ path }) => ({ path: fileURLToPath(import.meta.resolve(path)) })),
};
const inBackground = ['later-background-bags', 'later-decode-pool'];
const groups = [['later-encoder-program'], ['later-block-bags'], ['later-onnx-bags'], inBackground];
const others = [...later.keys()].filter((name) => !groups.flat().includes(name));
for (const names of [...groups, others]) {
  const { metafile } = await build({
    ...library,
    entryPoints: Object.fromEntries(names.map((name) => [name, later.get(name)])),
    chunkNames: 'later-[hash]',
    metafile: true,
    plugins: names === inBackground ? [ownComlink] : [],
  });
  for (const [path, { imports }] of Object.entries(metafile.outputs)) {
    // Vite's own loader lies in the page's module too.
    const more = imports.find(({ kind, external }) => kind === 'dynamic-import' && !external);
    if (more)
      throw new Error(`${path} is loaded later and loads ${more.path} later still; load both from where the first is.`);
  }
  for (const path of single) {
    if (path in metafile.inputs) throw new Error(`${path}, of which there must be one, is loaded later as well.`);
  }
}
// Where nothing of a part is used esbuild leaves an import for its effects, of which there are none: a bundler would take a part
// that is loaded later for one that is loaded at first. Lines stay where the source maps have them.
for (const file of readdirSync('dist').filter((name) => name.endsWith('.js') && !name.endsWith('.worker.js'))) {
  const code = readFileSync(join('dist', file), 'utf8');
  writeFileSync(join('dist', file), code.replace(/^import "\.\/part-\w+\.js";$/gm, ''));
}
chmodSync('dist/cli.js', 0o755);
// createEmbedder finds it beside the module it is in.
copyFileSync('models/photos.safetensors', 'dist/encoder.safetensors');
// The encoder of its experiments with CIFAR-10, and the one before.
copyFileSync('models/cifar10.safetensors', 'dist/cifar10.safetensors');

// `npm run check` and `npm test` check the types; twice would take longer than all the rest here.
if (existsSync('node_modules/typescript')) {
  tool(require.resolve('typescript/bin/tsc'), '-p', 'tsconfig.build.json', '--noCheck');
}
