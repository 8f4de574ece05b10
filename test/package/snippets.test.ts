import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { transform } from 'esbuild';
import sharp from 'sharp';
import ts from 'typescript';
import { exportEncoder } from '../../src/export.ts';
import { initialWeights, runConfig } from '../../src/train.ts';
import { bagssl } from '../support/command-line.ts';
import { GIVEN, QUICKER } from '../support/snippet-givens.ts';

interface Snippet {
  readonly name: string;
  readonly language: string;
  readonly text: string;
}

/** The fenced parts of a page, named by their place. */
function snippetsOf(file: string): Snippet[] {
  const page = readFileSync(file, 'utf8');
  return [...page.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language, text], k) => ({
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

/** A program of its own: what the page leaves open is given, long runs are cut short. */
function whole(text: string): string {
  const words = new Set(text.match(/[\w$]+/g));
  const declared = new Set(
    [...text.matchAll(/(?:const|let|using|function|class)\s+(?:\{([^}]*)\}|\[([^\]]*)\]|([\w$]+))/g)].flatMap(
      ([, fields = '', items = '', name = '']) =>
        `${fields},${items},${name}`.split(',').map(
          (part) =>
            part
              .trim()
              .split(/\s*[:=]\s*/)
              .at(-1)!,
        ),
    ),
  );
  const imported = new Set(
    [...text.matchAll(/import \{([^}]*)\}/g)].flatMap(([, names]) => names.split(',').map((n) => n.trim())),
  );
  const taken = (name: string) => declared.has(name) || imported.has(name) || !words.has(name);
  const given = Object.entries(GIVEN).filter(([name]) => !taken(name));
  const quicker = QUICKER.reduce((code, [from, to]) => code.replaceAll(from, to), text);
  return `${given.map(([, code]) => code).join('\n')}\n${quicker}\nexport {};\n`;
}

describe('the snippets of the documents', () => {
  before(async () => {
    mkdirSync(join(folder, 'photos'));
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(home, join(folder, 'node_modules', 'bagssl'));
    for (let k = 0; k < 6; k++) {
      const data = Uint8Array.from({ length: 3 * 40 * 30 }, (_, i) => ((i * (k + 3)) >> 3) % 256);
      const image = sharp(data, { raw: { width: 40, height: 30, channels: 3 } });
      await image.png().toFile(join(folder, 'photos', `${k}.png`));
    }
    const config = runConfig({ budget: { steps: 1 } });
    const network = { model: config.model, weights: initialWeights(config), feature: 'embedding' } as const;
    writeFileSync(join(folder, 'net.onnx'), exportEncoder(network));
    for (const { name, text } of programs) writeFileSync(join(folder, `${name}.ts`), whole(text));
  });
  after(() => {
    process.chdir(home);
    rmSync(folder, { recursive: true });
  });

  it('are there', () => {
    assert.ok(programs.length >= 6, `${programs.length}`);
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

  const commands = all
    .filter(({ language }) => language === '')
    .flatMap(({ name, text }) => text.split('\n').map((line) => ({ name, line: line.replace(/#.*/, '').trim() })))
    .filter(({ line }) => /^(npx bagssl|npm )/.test(line));

  it('name commands, options and scripts that there are', async () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
    const help = new Map<string, string>();
    for (const { name, line } of commands) {
      const [runner, first, second = ''] = line.split(/\s+/);
      if (runner === 'npm') {
        const script = first === 'run' ? second : first;
        if (['i', 'install', 'ci'].includes(script)) continue;
        assert.ok(script.replace(',', '') in scripts, `${name}: ${line}`);
        continue;
      }
      if (!help.has(second)) help.set(second, (await bagssl([second, '--help'])).stdout);
      for (const [option] of line.matchAll(/--[\w-]+/g)) {
        assert.ok(help.get(second)!.includes(option), `${name}: bagssl ${second} has no ${option}`);
      }
    }
    assert.ok(help.size >= 5, `${[...help.keys()]}`);
  });

  const python = all.filter(({ language }) => language === 'python');
  const without = spawnSync('python3', ['--version']).status === 0 ? false : 'python3 is missing';
  it('are Python where they say so', { skip: without }, () => {
    for (const { name, text } of python) {
      const { status, stderr } = spawnSync('python3', ['-c', 'import ast, sys; ast.parse(sys.stdin.read())'], {
        input: text,
        encoding: 'utf8',
      });
      assert.equal(status, 0, `${name}: ${stderr}`);
    }
  });
});
