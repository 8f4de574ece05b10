import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { readNpy } from '../../src/formats.ts';
import { bagssl, bagsslEach } from '../support/command-line.ts';
import { ownEncoders, ownModel } from '../support/own-encoders.ts';

const folder = await mkdtemp(join(tmpdir(), 'bagssl-cli-'));
after(() => rm(folder, { recursive: true }));

const on = (device: string) => ['--device', device, '--threads', '1', '--workers', '1'];
const batches = ['--images', '40', '--batch', '8', '--views', '2'];
/** Natively: a process that uses wasm for a moment spends most of it on compiling. */
const small = [...batches, ...on('native')];
/** What an evaluation measures, kept small. */
const few = ['--train-images', '60', '--test-images', '50', '--patches', 'grid1'];
const run = (name: string) => join(folder, name);

describe('the command line', () => {
  for (const runtime of ['node', 'deno'] as const) {
    it(`trains, embeds and evaluates in ${runtime}, with exactly one JSON object each`, async () => {
      const out = run(runtime);
      const given = [
        '--data',
        'builtin',
        '--out',
        out,
        '--steps',
        '3',
        '--precision',
        'auto',
        ...batches,
        ...on('wasm'),
        '--json',
      ];
      const trained = await bagssl(['train', ...given], { runtime });
      assert.equal(trained.code, 0, trained.stderr);
      assert.equal(trained.stderr.match(/Note: Computing in float32: the wasm engine/g)?.length, 1, trained.stderr);
      const summary = JSON.parse(trained.stdout);
      assert.equal(summary.steps, 3);
      assert.equal(summary.patches, 48);
      assert.equal(summary.device, 'wasm');
      assert.deepEqual([summary.precision, summary.skipped_steps], ['float32', 0]);
      for (const key of ['seconds', 'ms_per_step', 'data_wait_ms_per_step', 'loss', 'collapse'])
        assert.equal(typeof summary[key], 'number', key);

      const npy = run(`${runtime}.npy`);
      const engine = [...on('wasm'), '--json'];
      const embedded = await bagssl(
        ['embed', '--data', 'builtin', '--model', out, '--out', npy, '--images', '6', '--patches', '4', ...engine],
        { runtime },
      );
      assert.equal(embedded.code, 0, embedded.stderr);
      assert.equal(JSON.parse(embedded.stdout).images, 6);
      assert.deepEqual(readNpy(await readFile(npy)).shape, [6, 1024]);

      if (runtime === 'deno') return;
      const evaluated = await bagssl(['evaluate', '--data', 'builtin', '--model', out, ...few, ...engine], { runtime });
      assert.equal(evaluated.code, 0, evaluated.stderr);
      const figures = JSON.parse(evaluated.stdout);
      for (const side of [figures, figures.untrained, figures.pixels]) {
        for (const key of ['knn_k200', 'knn_k20', 'linear']) assert.ok(side[key] >= 0 && side[key] <= 1, key);
      }
      assert.deepEqual([figures.patches, figures.train_images, figures.test_images], [1, 60, 50]);
    });
  }

  it('keeps the run at Ctrl-C, says how to resume it, and resumes it', async () => {
    const out = run('interrupted');
    let sent = false;
    const stopped = await bagssl(['train', '--data', 'builtin', '--out', out, '--steps', '100000', ...small], {
      onError(text, pid) {
        if (sent || !/step \d+/.test(text)) return;
        sent = true;
        process.kill(pid, 'SIGINT');
      },
    });
    assert.equal(stopped.code, 130);
    const [, step] = /stopped after step (\d+).*--resume/s.exec(stopped.stderr) ?? assert.fail(stopped.stderr);
    assert.ok((await readdir(out)).every((file) => !file.endsWith('.part')));
    const more = await bagssl([
      'train',
      '--data',
      'builtin',
      '--out',
      out,
      '--steps',
      `${Number(step) + 2}`,
      '--resume',
      ...small,
      '--json',
    ]);
    assert.equal(more.code, 0, more.stderr);
    assert.equal(JSON.parse(more.stdout).steps, Number(step) + 2);
  });

  it('trains other encoders by other objectives, in slices, and embeds with them', async () => {
    const out = run('other');
    const choice = ['--encoder', 'depthwise', '--objective', 'info-nce', '--slices', '2'];
    const trained = await bagssl([
      'train',
      '--data',
      'builtin',
      '--out',
      out,
      '--steps',
      '2',
      ...small,
      ...choice,
      '--json',
    ]);
    assert.equal(trained.code, 0, trained.stderr);
    assert.ok(Number.isFinite(JSON.parse(trained.stdout).loss));
    const { config } = JSON.parse(await readFile(join(out, 'run.json'), 'utf8'));
    assert.deepEqual([config.model.encoder.kind, config.objective.kind, config.slices], ['depthwise', 'info-nce', 2]);
    const npy = run('other.npy');
    const args = ['--data', 'builtin', '--model', out, '--out', npy, '--images', '3', ...on('native')];
    assert.equal((await bagssl(['embed', ...args])).code, 0);
    assert.deepEqual(readNpy(await readFile(npy)).shape, [3, 1024]);
  });

  it('trains your own network, embeds and evaluates with it', async () => {
    const file = run('own.onnx');
    const own = ownEncoders.find((one) => one.file === 'plain-opset11')!;
    await writeFile(file, ownModel(own));
    const out = run('own');
    const choice = ['--encoder', file, '--batch-norm', 'frozen', '--encoder-output', '/Flatten_output_0'];
    const train = ['train', '--data', 'builtin', '--out', out, '--steps', '2', ...small, ...choice];
    const trained = await bagssl(train);
    assert.equal(trained.code, 0, trained.stderr);
    const { config } = JSON.parse(await readFile(join(out, 'run.json'), 'utf8'));
    const { model: kept, ...encoder } = config.model.encoder;
    const expected = { kind: 'onnx', name: 'own.onnx', batchNorm: 'frozen', output: '/Flatten_output_0' };
    assert.deepEqual([encoder, config.recipe.size], [expected, 16]);
    assert.match(kept.sha256, /^[0-9a-f]{64}$/);
    await rm(file);
    const npy = run('own.npy');
    const engine = ['--model', out, '--data', 'builtin', ...on('native')];
    const embedded = await bagssl(['embed', ...engine, '--out', npy, '--images', '3']);
    assert.equal(embedded.code, 0, embedded.stderr);
    assert.deepEqual(readNpy(await readFile(npy)).shape, [3, 1024]);
    const evaluated = await bagssl(['evaluate', ...engine, ...few, '--json']);
    assert.equal(evaluated.code, 0, evaluated.stderr);
    assert.ok(JSON.parse(evaluated.stdout).untrained.linear > 0);
  });

  it('does not overwrite a run unasked', async () => {
    const out = run('kept');
    await bagssl(['train', '--data', 'builtin', '--out', out, '--steps', '1', ...small]);
    const before = await readFile(join(out, 'run.json'));
    const again = await bagssl(['train', '--data', 'builtin', '--out', out, '--steps', '1', ...small]);
    assert.equal(again.code, 2);
    assert.match(again.stderr, /already holds a run.*--resume.*--overwrite/s);
    assert.deepEqual(await readFile(join(out, 'run.json')), before);

    const file = join(out, (await readdir(out)).find((name) => name.endsWith('.safetensors'))!);
    const bytes = await readFile(file);
    bytes[bytes.length >> 1] ^= 1;
    await writeFile(file, bytes);
    const damaged = await bagssl(['embed', '--data', 'builtin', '--model', out, '--out', run('x.npy')]);
    assert.equal(damaged.code, 1);
    assert.match(damaged.stderr, /run\.json.*changed or cut off/s);
  });

  it('exits with 2 for wrong use and 1 for failure, with one line that says what to do', async () => {
    await writeFile(run('bad.onnx'), 'certainly not a file');
    const cases = [
      [[], 2, /Name a command/],
      [
        ['frobnicate'],
        2,
        /Unknown command "frobnicate"; there are index, similar, duplicates, train, embed, evaluate, export, inspect, reproduce, doctor/,
      ],
      [['train', '--data', 'builtin'], 2, /--out is missing/],
      [
        ['train', '--data', 'builtin', '--out', run('y'), '--steps', 'many'],
        2,
        /--steps must be a whole number of at least 1, got "many"/,
      ],
      [['train', '--data', 'builtin', '--out', run('y'), '--steps', '2', '--minutes', '1'], 2, /not both/],
      [['train', '--data', 'builtin', '--out', run('y'), '--stepz', '2'], 2, /--stepz/],
      [
        ['train', '--data', 'builtin', '--out', run('y'), '--device', 'tpu', '--steps', '1'],
        2,
        /--device must be one of auto, webgpu, wasm, native, got "tpu"/,
      ],
      [
        ['train', '--data', 'builtin', '--out', run('y'), '--device', 'webgpu', '--steps', '1'],
        1,
        /webgpu.*Use "auto", or "wasm"/s,
      ],
      [
        ['train', '--data', 'builtin', '--out', run('y'), '--encoder', 'huge'],
        2,
        /--encoder must be one of compact.*"huge"/,
      ],
      [
        ['train', '--data', 'builtin', '--out', run('y'), '--encoder', run('none.onnx')],
        2,
        /--encoder .*none\.onnx.*cannot be read.*ENOENT/,
      ],
      [
        ['train', '--data', 'builtin', '--out', run('y'), '--encoder', run('bad.onnx')],
        1,
        /bad\.onnx is no ONNX file but text: "certainly not a file"\. Check the address/,
      ],
      [
        ['train', '--data', 'builtin', '--out', run('y'), '--batch-norm', 'frozen'],
        2,
        /--batch-norm is for your own network/,
      ],
      [
        ['train', '--data', 'builtin', '--out', run('y'), '--objective', 'luck'],
        2,
        /--objective must be one of.*"luck"/,
      ],
      [['train', '--data', run('nowhere'), '--out', run('y')], 1, /nowhere does not exist/],
      [
        ['embed', '--data', 'builtin', '--model', run('nowhere'), '--out', run('z.npy')],
        1,
        /no trained model in .*nowhere/,
      ],
      [
        ['embed', '--data', 'builtin', '--model', run('nowhere'), '--out', run('z.npy'), '--patches', 'lots'],
        2,
        /"grid".*"lots"/s,
      ],
    ] as const;
    const found = await bagsslEach(cases.map(([args]) => args));
    for (const [k, [args, code, message]] of cases.entries()) {
      const result = found[k];
      assert.equal(result.code, code, `${args}: ${result.stderr}`);
      assert.match(result.stderr, message);
      assert.ok(result.stderr.split('\n').length <= 4, result.stderr);
      assert.equal(result.stdout, '');
    }
    for (const { code } of await bagsslEach([['--help'], ['train', '--help'], ['--version']])) assert.equal(code, 0);
  });

  it('checks every option before it reads images or a run', async () => {
    const [data, model, out] = [run('no images'), run('no run'), run('no.npy')];
    const of = {
      train: ['--data', data, '--out', run('new')],
      embed: ['--data', data, '--model', model, '--out', out],
      evaluate: ['--data', data, '--model', model],
      export: ['--model', model, '--out', out],
      reproduce: ['--data', data, '--out', run('new')],
    };
    const cases: [command: keyof typeof of, option: string, value: string, message: string][] = [
      ['train', 'device', 'gpu', 'one of auto, webgpu, wasm, native, got "gpu"'],
      ['embed', 'device', 'gpu', 'one of auto, webgpu, wasm, native, got "gpu"'],
      ['evaluate', 'device', 'gpu', 'one of auto, webgpu, wasm, native, got "gpu"'],
      ['reproduce', 'device', 'gpu', 'one of auto, webgpu, wasm, native, got "gpu"'],
      ['train', 'minutes', '-1', 'a positive number, got "-1"'],
      ['reproduce', 'minutes', '-1', 'a positive number, got "-1"'],
      ['train', 'images', '1', 'a whole number of at least 2, got "1"'],
      ['train', 'rate', '0', 'a positive number, got "0"'],
      ['train', 'seed', '0.5', 'a whole number of at least 0, got "0.5"'],
      ['train', 'precision', 'float8', 'one of auto, float32, float16, got "float8"'],
      ['train', 'out', '', 'a path, got ""'],
      ['embed', 'threads', '0', 'a whole number of at least 1, got "0"'],
      ['embed', 'workers', '-1', 'a whole number of at least 0, got "-1"'],
      ['embed', 'images', '0', 'a whole number of at least 1, got "0"'],
      ['embed', 'feature', 'logits', 'one of embedding, preFeature, projection, got "logits"'],
      ['evaluate', 'train-images', '0', 'a whole number of at least 1, got "0"'],
      ['evaluate', 'test-images', '0', 'a whole number of at least 1, got "0"'],
      ['export', 'pixels', 'int8', 'one of uint8, float32, got "int8"'],
      ['export', 'image-size', '20', 'a width and a height, such as 224x160, got "20"'],
      ['reproduce', 'seeds', '0', 'a whole number of at least 1, got "0"'],
    ];
    const found = await bagsslEach(
      cases.map(([command, option, value]) => [command, ...of[command], `--${option}`, value]),
    );
    assert.deepEqual(
      found,
      cases.map(([, option, , message]) => ({
        code: 2,
        stdout: '',
        stderr: `bagssl: --${option} must be ${message}.\nTry "bagssl --help".\n`,
      })),
    );
    const others = [
      ['embed', '--patches', 'lots', /--patches: .*"grid".*"lots"/],
      ['evaluate', '--patches', 'lots', /--patches: .*"grid".*"lots"/],
      ['embed', '--shard', '3/2', /--shard: The shard is "3\/2"/],
      ['train', '--steps', '--json', /--steps has no value before "--json": give --steps N\./],
      ['train', '--json=yes', undefined, /--json takes no value, got "yes"/],
      ['train', '--steps', undefined, /--steps has no value: give --steps N\./],
    ] as const;
    const lines = others.map(([command, option, value]) => [
      command,
      ...of[command],
      option,
      ...(value === undefined ? [] : [value]),
    ]);
    for (const [k, { code, stderr }] of (await bagsslEach(lines)).entries()) {
      assert.match(stderr, others[k][3]);
      assert.equal(code, 2);
    }
  });

  it('says what the machine offers', async () => {
    const { stdout } = await bagssl(['doctor', '--json']);
    assert.ok(['native', 'wasm', 'webgpu'].includes(JSON.parse(stdout).device));
  });
});
