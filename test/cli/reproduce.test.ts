import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Progress } from '../../cli/progress.ts';
import { plot } from '../../cli/report/plot.ts';
import type { Reading } from '../../cli/reproduce/accuracy.ts';
import { runAuthors } from '../../cli/reproduce/authors.ts';
import { findingsOfAccuracy } from '../../cli/reproduce/c2-c6.ts';
import { findingsOfEncoder } from '../../cli/reproduce/c6-encoder.ts';
import { CLAIMS, spreadOf } from '../../cli/reproduce/findings.ts';
import { planTime } from '../../cli/reproduce/plan.ts';
import { FIXED, MULTI_CROP } from '../../cli/reproduce/subjects.ts';
import { asCsv, asMarkdown } from '../../cli/reproduce/table.ts';
import { builtinScenes } from '../../src/data.ts';
import { describeModel } from '../../src/encoders.ts';
import { runConfig, runPresets } from '../../src/train.ts';

const folder = await mkdtemp(join(tmpdir(), 'bagssl-reproduce-'));
after(() => rm(folder, { recursive: true }));

const bagssl = (...args: string[]) =>
  new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, ['dist/cli.js', ...args], (error, stdout, stderr) =>
      resolve({ code: (error?.code as number | undefined) ?? 0, stdout, stderr }),
    );
  });

describe('the verdicts', () => {
  /** Readings of three seeds; `of` gives the linear accuracy of a bag of so many patches, or of the centre crop (0). */
  const readings = (of: (subject: string, patches: number) => number): Reading[] =>
    [0, 1, 2].flatMap((seed) =>
      [...FIXED, MULTI_CROP].flatMap(({ id, scale }) =>
        [0, 1, 4, 16, 64, 128, 81].flatMap((patches, i): Reading[] => {
          if (patches === 0 && id !== MULTI_CROP.id) return [];
          const linear = of(id, patches) + 0.001 * seed;
          const kind = patches === 0 ? 'centre crop' : 'bag';
          const what = { subject: id, seed, kind, scale: scale ?? 0.25, size: 16, patches, all: i === 6 } as const;
          return [{ ...what, linear, knn_k200: linear, knn_k20: linear }];
        }),
      ),
    );
  const plan = { labelled: 1000, tested: 400, stride: 2 };
  const verdicts = (of: Parameters<typeof readings>[0]) =>
    Object.fromEntries(
      findingsOfAccuracy(readings(of), plan, { c2: true, c6: true }, '').verdicts.map(({ claim, verdict, why }) => [
        claim,
        { verdict, why },
      ]),
    );
  const rising = (patches: number) => 0.4 + 0.02 * Math.log2(patches);

  it('say what the numbers say: reproduced', () => {
    const { C2, C6 } = verdicts((_, patches) => (patches === 0 ? 0.45 : rising(patches)));
    assert.equal(C2.verdict, 'reproduced', C2.why);
    // 81 patches: 0.4 + 0.02 · log2(81) = 0.5268, seeds 0, 0.001 and 0.002 higher.
    assert.match(C2.why, /reaches 52\.8 ± 0\.1 %.*centre crop \(16 px\) 45\.1 ± 0\.1 %: \+7\.7/);
    assert.equal(C6.verdict, 'reproduced', C6.why);
  });

  it('and say so where a claim fails', () => {
    const below = verdicts((subject, patches) =>
      patches === 0 ? 0.9 : subject === MULTI_CROP.id ? 0.3 : 0.6 - 0.05 * Math.log2(patches),
    );
    assert.deepEqual([below.C2.verdict, below.C6.verdict], ['not reproduced', 'not reproduced']);
    assert.match(below.C2.why, /−/);
    const half = verdicts((_, patches) => (patches === 0 ? 0.9 : rising(patches)));
    assert.equal(half.C2.verdict, 'in part', 'more patches are better, but the centre crop is better still');
  });

  it('of C6 with an encoder of others compare its centre crop with every bag', () => {
    const reading = (name: string, linear: number) => ({
      name,
      parts: ['whole'] as const,
      linear,
      knnK200: 0.5,
      knnK20: 0.5,
    });
    const found = findingsOfEncoder(
      [reading('centre crop', 0.8), reading('bag', 0.85), reading('other', 0.7)],
      'net.onnx',
      90,
      40,
    );
    const [{ claim, verdict, why }] = found.verdicts;
    assert.deepEqual([claim, verdict], ['C6', 'in part']);
    assert.match(why, /centre crop 80\.0 %; bag 85\.0 % \(\+5\.0 points\); other 70\.0 % \(−10\.0 points\)/);
    // 2·√(0.8·0.2/40) = 0.1265
    assert.match(found.tables[0].note, /uncertain by 12\.6 points/);
  });

  it('print the seeds that were used', () => {
    const one = readings((_, patches) => rising(Math.max(1, patches))).filter(({ seed }) => seed === 0);
    assert.match(
      findingsOfAccuracy(one, plan, { c2: true, c6: true }, '').tables[0].note,
      /Only 1 seed; the experiment asks for three/,
    );
    assert.deepEqual(spreadOf([1, 2, 3]), { mean: 2, deviation: 1 });
    assert.deepEqual(spreadOf([2]), { mean: 2, deviation: undefined });
  });
});

describe('the plan', () => {
  it('divides the minutes among what the claims need, and no more', () => {
    const all = planTime(CLAIMS, 20);
    assert.deepEqual([all.subjects.length, all.seeds], [4, 3]);
    const spent = all.training + all.accuracy + all.c4 + all.maps;
    assert.ok(spent <= 20 * 60 && spent > 18 * 60, `${spent} s`);
    assert.deepEqual(planTime(['C1'], 20).subjects, []);
    assert.deepEqual(planTime(['C4'], 20).subjects, [MULTI_CROP]);
    assert.equal(planTime(['C4'], 20).accuracy, 0);
    assert.equal(planTime(CLAIMS, 3).seeds, 1);
    assert.equal(planTime(CLAIMS, 3, 2).seeds, 2);
  });

  it('compares encoders of one kind, whose patches cost no more than the baseline’s', () => {
    for (const { config, cost } of FIXED) {
      assert.deepEqual(config.model!.encoder, MULTI_CROP.config.model!.encoder);
      assert.ok(cost <= MULTI_CROP.cost);
    }
    assert.deepEqual(
      FIXED.map(({ config }) => config.recipe!.size),
      [16, 14, 9],
    );
  });
});

describe('tables and drawings', () => {
  const table = {
    id: 't',
    title: 'T',
    columns: ['a', 'b'],
    rows: [
      ['x, "y"|z', 0.123456789],
      ['w', undefined],
    ],
    note: 'N.',
  } as const;
  it('are CSV in full, and Markdown to read', () => {
    assert.equal(asCsv(table), 'a,b\r\n"x, ""y""|z",0.123456789\r\nw,\r\n');
    assert.match(asMarkdown(table), /\| x, "y"\\\|z \| 0\.1235 \|\n\| w \| — \|/);
  });
  it('put a point where its value is, and nothing unescaped', () => {
    const drawn = plot({
      title: '<b>&',
      x: { name: 'x' },
      y: { name: 'y', reach: [0, 1] },
      series: [
        {
          name: 's',
          points: [
            { x: 0, y: 0 },
            { x: 1, y: 0.5, spread: 0.1 },
            { x: 2, y: 1 },
          ],
        },
      ],
    }).text;
    const centres = [...drawn.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)" r="3"/g)].map((m) => [
      Number(m[1]),
      Number(m[2]),
    ]);
    assert.equal(centres.length, 3);
    const [low, middle, high] = centres;
    assert.ok(
      Math.abs(middle[0] - (low[0] + high[0]) / 2) < 0.02 && Math.abs(middle[1] - (low[1] + high[1]) / 2) < 0.02,
    );
    assert.ok(high[1] < low[1], 'up is more');
    assert.ok(!drawn.includes('<b>'));
  });
});

describe('the authors’ recipe', () => {
  it('is ResNet-18 with 34.3 million parameters on 100 images of 20 patches', () => {
    const { model, recipe, images, views } = runConfig({ ...runPresets.empSsl, budget: { steps: 1 } });
    const { parameters, multiplyAdds } = describeModel(model, recipe.size).total;
    assert.ok(Math.abs(parameters / 34.3e6 - 1) < 0.01, `${parameters}`);
    assert.ok(Math.abs(multiplyAdds / 0.58e9 - 1) < 0.05, `${multiplyAdds}`);
    assert.deepEqual([images, views], [100, 20]);
  });

  it('trains and is measured, made small', async () => {
    const { model } = runPresets.empSsl;
    const small = {
      ...runPresets.empSsl,
      model: {
        ...model,
        encoder: { ...model.encoder, width: 4 },
        projector: { hidden: [32, 32], out: 16, bias: true },
      },
      ...{ images: 4, views: 3, budget: { steps: 2 } },
    };
    const result = await runAuthors(
      {
        engine: { device: 'native', threads: 1, workers: 1, onWarning: () => {} },
        train: builtinScenes({ count: 20 }),
        test: builtinScenes({ split: 'test', count: 10 }),
        progress: new Progress(),
        signal: new AbortController().signal,
      },
      small,
      { labelled: 20, tested: 10, placement: { kind: 'random', count: 2, seed: 0 } },
    );
    assert.equal(result.steps, 2);
    assert.ok(result.gflops > 0 && result.seconds > 0);
    assert.ok(result.linear >= 0 && result.linear <= 1 && result.knn_k200 >= 0 && result.knn_k200 <= 1);
  });
});

describe('bagssl reproduce', () => {
  it('carries out every claim in one small run and writes page, tables and drawings', async () => {
    const out = join(folder, 'all');
    const engine = ['--device', 'native', '--threads', '1', '--workers', '1'];
    const { code, stdout, stderr } = await bagssl(
      'reproduce',
      '--data',
      'builtin',
      '--out',
      out,
      '--minutes',
      '0.1',
      ...engine,
      '--json',
    );
    assert.equal(code, 0, stderr);
    const { verdicts } = JSON.parse(stdout);
    assert.deepEqual(
      verdicts.map(({ claim }: { claim: string }) => claim),
      CLAIMS,
    );
    assert.equal(verdicts[0].verdict, 'reproduced', 'C1 does not depend on the minutes');
    assert.equal(verdicts.at(-1).verdict, 'not run');

    const page = await readFile(join(out, 'reproduce.html'), 'utf8');
    for (const id of [
      'c1',
      'c2-linear',
      'c2-knn-k200',
      'c4',
      'c6',
      'maps-fixed-0.25',
      'maps-multi-crop',
      'nearest-patches',
    ]) {
      assert.match(page, new RegExp(`id="${id}"`), id);
    }
    assert.ok(!/https?:\/\/(?!www\.w3\.org\/2000\/svg)/.test(page), 'needs no network');
    assert.deepEqual((await readdir(join(out, 'figures'))).sort(), [
      'c1.svg',
      'c2-knn-k20.svg',
      'c2-knn-k200.svg',
      'c2-linear.svg',
      'c4.svg',
      'c6.svg',
    ]);
    for (const file of await readdir(join(out, 'figures'))) {
      assert.ok(!(await readFile(join(out, 'figures', file), 'utf8')).includes('data:'), 'a drawing holds no pixels');
    }
    const { tables, facts } = JSON.parse(await readFile(join(out, 'reproduce.json'), 'utf8'));
    assert.deepEqual(
      tables.map(({ id }: { id: string }) => id),
      ['c1', 'accuracy', 'c4', 'spaces', 'nearest-patches', 'authors'],
    );
    assert.ok('took' in facts);
    for (const { note } of tables.slice(1, 5)) assert.match(note, /seed 0.*trained in.*Commit/);
    assert.match(await readFile(join(out, 'tables', 'accuracy.csv'), 'utf8'), /^encoder,image is,scale/);
  });

  it('refuses what it cannot do', async () => {
    const claims = await bagssl('reproduce', '--data', 'builtin', '--out', folder, '--claims', 'C1,C3');
    assert.deepEqual(
      [claims.code, /--claims must be a list of claims.*got "C1,C3"/.test(claims.stderr)],
      [2, true],
      claims.stderr,
    );
    const file = join(folder, 'file');
    await writeFile(file, '');
    const taken = await bagssl('reproduce', '--data', 'builtin', '--out', file);
    assert.deepEqual([taken.code, /is a file; name a folder/.test(taken.stderr)], [2, true], taken.stderr);
    const minutes = await bagssl('reproduce', '--data', 'builtin', '--out', folder, '--minutes', '-1');
    assert.equal(minutes.code, 2, minutes.stderr);
  });
});
