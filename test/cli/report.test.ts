import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, it } from 'node:test';
import type { ReportContents } from '../../cli/report/contents.ts';
import { html } from '../../cli/report/html.ts';
import { inTurn, subset } from '../../cli/report/in-turn.ts';
import { niceTicks } from '../../cli/report/line-chart.ts';
import { reportPage } from '../../cli/report/page.ts';
import { bitmap, thumbnail } from '../../cli/report/rgb.ts';
import { repeatCommand } from '../../cli/report/setup.ts';
import type { ImageSet } from '../../src/data.ts';
import { encoders } from '../../src/encoders.ts';
import { type PatchParameters, presets } from '../../src/patches.ts';
import { type RunConfig, runConfig } from '../../src/train.ts';
import { onnxFile } from '../support/onnx-file.ts';

const HOSTILE = `<script>alert("1")</script>'&`;
const grey = (side: number) => ({ data: new Uint8Array(side * side * 3).fill(120), width: side, height: side });
const parameters: PatchParameters = {
  ...{ x: 3, y: 4, width: 16, height: 16, flip: true, greyscale: true },
  ...{ brightness: 1, contrast: 1, saturation: 1, hue: 0, order: [] },
};

function contents(name: string, data = 'builtin'): ReportContents {
  const found = [true, false].map((right) => ({ name, image: grey(32), right, similarity: 0.987 }));
  return {
    version: '9.8.7',
    run: {
      config: runConfig({ seed: 41, budget: { minutes: 2 } }),
      position: { step: 1234, seconds: 119.6 },
      history: [1, 2, 3].map((step) => ({
        step,
        loss: -100 - step,
        codingRate: 50 + step,
        similarity: 0.5,
        collapse: 0.6,
      })),
    },
    evaluation: {
      ...{ knnK200: 0.7111, knnK20: 0.7222, linear: 0.7333 },
      whitened: { knnK200: 0.7444, knnK20: 0.7555 },
      untrained: { knnK200: 0.3111, knnK20: 0.3222, linear: 0.3333 },
      pixels: { knnK200: 0.2111, knnK20: 0.2222, linear: 0.2333 },
      neighbours: { knnK200: 200, knnK20: 20 },
      ...{ patches: 9, trainImages: 4321, testImages: 987 },
    },
    classes: 8,
    sheet: [{ name, image: grey(32), width: 32, height: 32, views: [{ patch: grey(16), parameters }] }],
    neighbours: { queries: [{ name, image: grey(32), learnt: found, pixels: found }], bank: 777 },
    engine: { device: 'wasm', threads: 2 },
    typed: { model: 'runs/x', data, patches: 'grid3' },
  };
}

describe('html', () => {
  it('escapes what is put in, in text and in attributes', () => {
    const { text } = html`<p title="${HOSTILE}">${HOSTILE}</p>`;
    const safe = '&#60;script&#62;alert(&#34;1&#34;)&#60;/script&#62;&#39;&#38;';
    assert.equal(text, `<p title="${safe}">${safe}</p>`);
  });

  it('takes its own results as they are, joins lists, and gives nothing for false and undefined', () => {
    const items = ['a', '<b>'].map((item) => html`<li>${item}</li>`);
    assert.equal(html`<ul>${items}${false}${undefined}${0}</ul>`.text, '<ul><li>a</li><li>&#60;b&#62;</li>0</ul>');
  });

  it('escapes an object that only looks like its results', () => {
    const fake = JSON.parse('{"text":"<script>"}');
    assert.throws(() => html`${fake}`, TypeError);
  });
});

describe('the report', () => {
  const page = reportPage(contents('cat'));

  it('stands alone: no address, no script, and every source is in it', () => {
    assert.doesNotMatch(page, /https?:|<script|<link|@import|url\(|srcset|\son\w+=/i);
    const sources = [...page.matchAll(/\s(?:src|href|data|action)="([^"]*)"/g)].map(([, source]) => source);
    assert.equal(sources.length, 1 + 1 + 1 + 2 + 2);
    for (const source of sources) assert.match(source, /^data:image\/bmp;base64,[\w+/]+=*$/);
    assert.match(page, /default-src 'none'; img-src data:; style-src 'unsafe-inline'/);
  });

  it('shows hostile class and folder names as text', () => {
    const { typed, ...rest } = contents(HOSTILE, HOSTILE);
    const history = [{ step: 1, loss: 1, collapse: 1, [HOSTILE]: 2 }];
    const hostile = reportPage({
      ...rest,
      run: { ...rest.run, history },
      typed: { ...typed, model: HOSTILE, test: HOSTILE, patches: HOSTILE },
      engine: { device: HOSTILE, threads: 1, adapter: HOSTILE },
    });
    assert.doesNotMatch(hostile, /<script|"1"/);
    assert.ok(hostile.split('&#60;script&#62;').length > 10);
    // The same elements, whatever the names are, but for the one curve that came with a name.
    const tags = (text: string) => new Set([...text.matchAll(/<(\w+)/g)].map(([, tag]) => tag));
    assert.deepEqual([...tags(hostile)].sort(), [...tags(page)].sort());
  });

  it('holds every figure', () => {
    for (const row of [
      'trained</th><td>0.733</td><td>0.722</td><td>0.711',
      'untrained</th><td>0.333</td><td>0.322</td><td>0.311',
      'raw pixels</th><td>0.233</td><td>0.222</td><td>0.211',
      'guessing</th><td>0.125</td>',
    ]) {
      assert.ok(page.replace(/\s*\n\s*/g, '').includes(row), row);
    }
    for (const figure of ['73.3 %', '21.1 %', '12.5 %', '4,321', '987', '777', '246,800', '1234 steps', '2 min 0 s']) {
      assert.ok(page.includes(figure), figure);
    }
    for (const value of ['−101.00 → −103.00', 'coding-rate', 'lars', 'wasm', '9.8.7', '1 of 2']) {
      assert.ok(page.includes(value), value);
    }
    assert.doesNotMatch(page, /undefined|NaN|\[object/);
  });

  it('says where the pixels come from', () => {
    assert.match(page, /builtin scenes: generated by a program/);
    assert.match(reportPage(contents('cat', 'photos')), /“photos”\. <b>This page contains\s+pixels of them/);
  });

  it('shows what float16 adds, also where only a later part of the run had it', () => {
    const { run, ...rest } = contents('cat');
    const history = [...run.history, { ...run.history[2], step: 4, skipped: 3, lossScale: 8192 }];
    const text = reportPage({ ...rest, run: { ...run, history } });
    assert.match(text, /Skipped steps/);
    assert.match(text, /Loss scale/);
    assert.doesNotMatch(text, /undefined|NaN|A part of the loss/);
  });

  it('does without a history and without class names', () => {
    const { run, ...rest } = contents('');
    assert.match(reportPage({ ...rest, run: { ...run, history: [] } }), /has not reported its loss/);
  });
});

describe('the command that repeats a run', () => {
  it('gives the steps, and quotes for the shell', () => {
    const text = repeatCommand(contents('cat', "my 'own' $photos"));
    assert.match(text, /--data 'my '\\''own'\\'' \$photos' --out runs\/x --overwrite --steps 1234/);
    assert.doesNotMatch(text, /--train-images/);
    const { typed, ...rest } = contents('cat');
    const part = repeatCommand({ ...rest, typed: { ...typed, trainImages: 60, testImages: 50 } });
    assert.match(part, /--train-images 60 --test-images 50 --patches grid3/);
    assert.match(text, /--batch 50 --views 4 --rate 0\.3 --seed 41/);
  });

  it('says when the command line cannot set the run up', () => {
    assert.doesNotMatch(reportPage(contents('cat')), /set up in code/);
    const { run, ...rest } = contents('cat');
    const page = (overrides: Partial<RunConfig>) =>
      reportPage({ ...rest, run: { ...run, config: runConfig({ ...run.config, ...overrides }) } });
    assert.match(page({ objective: { kind: 'vicreg', covariance: 4 } }), /set up in code/);
    assert.match(page({ model: { ...run.config.model, encoder: { ...encoders.edge, width: 12 } } }), /set up in code/);
    const told = page({
      objective: { kind: 'vicreg' },
      model: { ...run.config.model, encoder: encoders.edge },
      slices: 2,
      precision: 'float16',
    });
    assert.doesNotMatch(told, /set up in code/);
    assert.match(told, /--encoder edge --objective vicreg --slices 2 --precision float16/);
    const own = onnxFile({ inputs: { x: ['n', 3, 8, 8] }, nodes: [['GlobalMaxPool', 'x', 'y']] });
    const encoder = { kind: 'onnx', model: own, batchNorm: 'frozen', name: 'net.onnx' } as const;
    const brought = page({ model: { ...run.config.model, encoder }, recipe: { ...presets.cifar16, size: 8 } });
    assert.doesNotMatch(brought, /set up in code/);
    assert.match(brought, /--encoder net\.onnx --batch-norm frozen/);
    assert.match(brought, new RegExp(`net\\.onnx \\(${own.length} bytes\\), batch norm frozen`));
  });
});

describe('pictures', () => {
  it('are bitmaps, rows from the bottom, blue first, padded to four bytes', () => {
    const uri = bitmap({ data: Uint8Array.of(1, 2, 3, 4, 5, 6), width: 1, height: 2 });
    const file = Buffer.from(uri.slice('data:image/bmp;base64,'.length), 'base64');
    assert.equal(file.length, file.readUInt32LE(2));
    assert.deepEqual([...file.subarray(54)], [6, 5, 4, 0, 3, 2, 1, 0]);
  });

  it('are shrunk by averaging whole squares, in both layouts', () => {
    const planar = {
      data: Uint8Array.from({ length: 48 }, (_, i) => i),
      width: 4,
      height: 4,
      layout: 'planar',
    } as const;
    assert.deepEqual(thumbnail(planar, 4).data.slice(0, 6), Uint8Array.of(0, 16, 32, 1, 17, 33));
    assert.deepEqual(thumbnail(planar, 2).data.slice(0, 3), Uint8Array.of(3, 19, 35));
    const rgba = { data: Uint8Array.of(9, 8, 7, 255, 3, 2, 1, 255), width: 2, height: 1, layout: 'rgba' } as const;
    assert.deepEqual(thumbnail(rgba, 2), { data: Uint8Array.of(9, 8, 7, 3, 2, 1), width: 2, height: 1 });
    assert.deepEqual(thumbnail(rgba, 1), { data: Uint8Array.of(6, 5, 4), width: 1, height: 1 });
  });

  it('are taken from the classes in turn', () => {
    const image = () => ({ data: new Uint8Array(3), width: 1, height: 1, layout: 'planar' }) as const;
    const set: ImageSet = { name: 's', length: 5, labels: Int32Array.of(1, 1, 1, 0, 0), image };
    assert.deepEqual(inTurn(set, 4), [3, 0, 4, 1]);
    assert.deepEqual([...subset(set, [4, 0]).labels!], [0, 1]);
  });
});

describe('axes', () => {
  it('have round numbers that reach over the values', () => {
    assert.deepEqual(niceTicks(0, 1), [0, 0.5, 1]);
    assert.deepEqual(niceTicks(-199.1, -177.4), [-200, -190, -180, -170]);
    assert.equal(niceTicks(3, 3).length >= 2, true);
  });
});
