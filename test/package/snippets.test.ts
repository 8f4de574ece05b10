import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { transform } from 'esbuild';
import { parquetWriteBuffer } from 'hyparquet-writer';
import sharp from 'sharp';
import ts from 'typescript';
import { PatchEncoder } from '../../src/embed.ts';
import { exportEmbedder, exportEncoder } from '../../src/export.ts';
import { initialWeights, runConfig } from '../../src/train.ts';
import { bagssl } from '../support/command-line.ts';

interface Snippet {
  readonly page: string;
  readonly name: string;
  readonly language: string;
  readonly text: string;
}

/** The fenced parts of a page, named by their place. */
function snippetsOf(file: string): Snippet[] {
  const page = readFileSync(file, 'utf8');
  return [...page.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language, text], k) => ({
    page: file,
    name: `${file.replaceAll(/\W/g, '-')}-${k + 1}`,
    language,
    text,
  }));
}

const pages = ['README.md', 'CONTRIBUTING.md'].concat(
  readdirSync('docs', { recursive: true })
    .map((name) => join('docs', String(name)))
    .filter((name) => name.endsWith('.md')),
);
const all = pages.flatMap(snippetsOf);
const programs = all.filter(({ language }) => language === 'ts');
const home = process.cwd();
/** An application that has the package, and some photos. */
const folder = mkdtempSync(join(tmpdir(), 'bagssl-snippets-'));

/** What a visitor chose in the `<input type="file">` of a page. */
const FILES = `const files = await Promise.all(
  ['beach.jpg', 'dunes.jpg', 'lake.jpg'].map(
    async (name) => new File([(await import('node:fs')).readFileSync(\`photos/\${name}\`)], name),
  ),
);`;
const DECLARES_FILES = /\b(?:const|let)\s+(?:\{[^}]*)?\bfiles\b/;

/** A program of its own, with long runs cut short. */
function whole(text: string): string {
  const given = /\bfiles\b/.test(text) && !DECLARES_FILES.test(text) ? FILES : '';
  const quicker = text
    .replaceAll(/minutes: \d+/g, 'steps: 2')
    .replace('untrained, train, test }', 'untrained, train, test, epochs: 2 }')
    .replace('./streaks.js', './docs-patches-md-1.mjs');
  return `${given}\n${quicker}\nexport {};\n`;
}

describe('the snippets of the documents', () => {
  before(async () => {
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(home, join(folder, 'node_modules', 'bagssl'));
    const animals = ['cats', 'dogs'].flatMap((kind) => [1, 2, 3, 4, 5].map((k) => `animals/${kind}/${k}.png`));
    const photos = ['beach', 'dunes', 'lake', 'moor', 'reef', 'wood'].map((name) => `photos/${name}.jpg`);
    for (const [k, file] of [...photos, ...animals].entries()) {
      const data = Uint8Array.from({ length: 3 * 40 * 30 }, (_, i) => ((i * (k + 3)) >> 3) % 256);
      mkdirSync(join(folder, dirname(file)), { recursive: true });
      await sharp(data, { raw: { width: 40, height: 30, channels: 3 } }).toFile(join(folder, file));
    }
    const config = runConfig({ budget: { steps: 1 } });
    const encoder = PatchEncoder.from({ config, state: initialWeights(config) }, { feature: 'embedding' });
    writeFileSync(join(folder, 'net.onnx'), exportEncoder(encoder));
    const embedder = exportEmbedder(encoder, { width: 40, height: 30 });
    writeFileSync(join(folder, 'embedder.onnx'), embedder);
    const model = createHash('sha256').update(embedder).digest('hex');
    const { widths } = config.model.encoder as { readonly widths: readonly number[] };
    const vectors = [{ name: 'vector', data: [Array.from({ length: widths.at(-1)! }, (_, k) => k)] }];
    const columnData = [{ name: 'id', data: ['far.jpg'] }, { name: 'model', data: [model] }, ...vectors];
    mkdirSync(join(folder, 'vectors'));
    writeFileSync(join(folder, 'vectors/one.parquet'), new Uint8Array(parquetWriteBuffer({ columnData })));
    for (const { name, text } of programs) writeFileSync(join(folder, `${name}.ts`), whole(text));
  });
  after(() => {
    process.chdir(home);
    rmSync(folder, { recursive: true });
  });

  it('are all seen, in languages that are checked', () => {
    const fences = pages.flatMap((file) => readFileSync(file, 'utf8').match(/^\s*(```|~~~)/gm) ?? []);
    assert.equal(all.length * 2, fences.length, 'a fence that is indented, left open or has more than a language');
    for (const { name, language } of all) assert.ok(['ts', 'python', ''].includes(language), `${name} is ${language}`);
    assert.ok(programs.length >= 20, `${programs.length}`);
  });

  it('fit the types that users get', () => {
    const { options } = ts.parseJsonConfigFileContent(
      {
        compilerOptions: {
          ...JSON.parse(readFileSync('tsconfig.json', 'utf8')).compilerOptions,
          noUnusedLocals: false,
          paths: {
            bagssl: [resolve('dist/types/src/index.d.ts')],
            'bagssl/*': [resolve('dist/types/src/*.d.ts')],
          },
          rootDir: undefined,
        },
        files: [],
      },
      ts.sys,
      home,
    );
    const program = ts.createProgram(
      programs.map(({ name }) => join(folder, `${name}.ts`)),
      options,
    );
    const errors = ts.getPreEmitDiagnostics(program).map(({ file, messageText, start }) => {
      const line = file ? file.text.slice(start!).split('\n')[0] : '';
      return `${file?.fileName.split('/').at(-1)}: ${ts.flattenDiagnosticMessageText(messageText, ' ')} at "${line}"`;
    });
    assert.deepEqual(errors, []);
  });

  for (const { name, text } of programs) {
    it(`${name} runs`, async () => {
      process.chdir(folder);
      const log = console.log;
      console.log = () => {};
      try {
        const { code } = await transform(whole(text), { loader: 'ts', format: 'esm', target: 'es2022' });
        const file = join(folder, `${name}.mjs`);
        writeFileSync(file, code);
        await import(pathToFileURL(file).href);
      } finally {
        console.log = log;
        process.chdir(home);
      }
    });
  }

  /** Command lines of fences and of running text, however they start the program. */
  const commands = pages
    .flatMap((file) => {
      const page = readFileSync(file, 'utf8');
      const fenced = all.filter(({ page, language }) => page === file && language === '').map(({ text }) => text);
      const inline = [...page.replaceAll(/^```.*?^```$/gms, '').matchAll(/`([^`]+)`/g)].map(([, code]) => code);
      return [...fenced.flatMap((text) => text.split('\n')), ...inline].map((line) => ({ file, line }));
    })
    .map(({ file, line }) => ({
      file,
      line: line
        .replace(/#.*/, '')
        .trim()
        .replace(/^(npx |deno run -A dist\/cli\.js(?= ))/, (start) => (start === 'npx ' ? '' : 'bagssl'))
        .replace(/^node (?:--\S+ )*scripts\/bench\.mjs/, 'npm run bench --'),
    }))
    .filter(({ line }) => /^(bagssl [a-z]|npm (run|test|start)\b)/.test(line));

  it('name commands, options and scripts that there are', async () => {
    const names = new Set(commands.map(({ line }) => line.match(/^bagssl (\S+)/)?.[1] ?? ''));
    names.delete('');
    assert.ok(names.size >= 6, `${[...names]}`);
    const asked = [...names].map(async (name) => [name, await bagssl([name, '--help'])] as const);
    const help = new Map(await Promise.all(asked));
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
    const wrong: string[] = [];
    for (const { file, line } of commands) {
      let source: string;
      if (line.startsWith('bagssl')) {
        const { code, stdout } = help.get(line.split(/\s+/)[1])!;
        if (code !== 0) wrong.push(`${file}: "${line}" is no command`);
        source = stdout;
      } else {
        const [, before, given = ''] = line.match(/^npm (?:run )?(.*?)(?: -- ?(.*))?$/)!;
        const called = before.split(/[\s,]+/).filter((word) => word);
        const unknown = called.filter((name) => !(name in scripts));
        if (unknown.length > 0) wrong.push(`${file}: "${line}" calls ${unknown}`);
        const files = called.flatMap((name) => /scripts\/\S+/.exec(scripts[name] ?? '')?.[0] ?? []);
        if (called[0] === 'bench' && given) files.push(`bench/${given.split(' ')[0]}.ts`);
        source = files.map((name) => readFileSync(name, 'utf8')).join();
      }
      for (const [, option] of line.matchAll(/ --([a-z][\w-]*)/g)) {
        const known = new RegExp(`--${option}(?![\\w-])|\\b${option}'?: \\{ type`).test(source);
        if (!known) wrong.push(`${file}: "${line}" has no --${option}`);
      }
    }
    assert.deepEqual(wrong, []);
  });

  const python = all.filter(({ language }) => language === 'python');
  const without = spawnSync('python3', ['--version']).status === 0 ? false : 'python3 is missing';
  it('are Python where they say so', { skip: without }, () => {
    const check = 'import ast, json, sys\nfor name, text in json.load(sys.stdin): ast.parse(text, name)';
    const input = JSON.stringify(python.map(({ name, text }) => [name, text]));
    const { status, stderr } = spawnSync('python3', ['-c', check], { input, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  });
});
