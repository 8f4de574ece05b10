import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { StringStringEntryProtoSchema, type TensorProto } from 'onnx-buf';
import { elements } from '../../src/graph/graph.ts';
import { BagsslError, createEmbedder } from '../../src/index.ts';
import { describeModel } from '../../src/model/describe.ts';
import { type InspectOnnxOptions, inspectOnnx, type OnnxInspection } from '../../src/onnx-encoder/inspect-onnx.ts';
import { loadOnnx } from '../../src/onnx-encoder/load-onnx.ts';
import { presets } from '../../src/patches.ts';
import { Runtime } from '../../src/runtime/runtime.ts';
import { runConfig } from '../../src/train.ts';
import { TrainingStep } from '../../src/training/training-step.ts';
import { bagssl } from '../support/command-line.ts';
import { type FileNode, onnxFile } from '../support/onnx-file.ts';
import { randoms } from '../support/random.ts';
import { filesIn } from '../support/wild-encoders.ts';

const engine = { device: 'native', threads: 1, onWarning: () => {} } as const;
const folder = await mkdtemp(join(tmpdir(), 'bagssl-inspect-'));
after(() => rm(folder, { recursive: true }));

/** Whether a file embeds in fact, and to how many numbers. */
async function embeds(file: string): Promise<number | undefined> {
  try {
    await using embedder = await createEmbedder({ encoder: file, ...engine });
    const pixels = { data: new Uint8Array(3 * 40 * 30).fill(90), width: 40, height: 30, layout: 'rgb' } as const;
    return (await embedder.embed(pixels)).length;
  } catch (error) {
    assert.ok(error instanceof BagsslError, String(error));
    return undefined;
  }
}

/** The largest patches with which a step is taken here; with larger ones it is only built. */
const SIDE = 64;

/** The tensors and parameters that train in fact: after one step where patches are small. */
async function trains(file: string, { training: { output, size, sizeOpen } }: OnnxInspection) {
  try {
    const model = await loadOnnx(file);
    const encoder = { kind: 'onnx', model, batchNorm: 'train', output, ...(sizeOpen && { size }) } as const;
    const recipe = { ...presets.cifar16, size: size ?? 224 };
    const config = runConfig({
      model: { encoder, projector: { hidden: [16], out: 8 } },
      recipe,
      images: 2,
      views: 2,
      budget: { steps: 1 },
    });
    const { tensors, parameters } = describeModel(config.model, recipe.size).encoder;
    if (tensors === 0 || recipe.size > SIDE) return tensors ? { tensors, parameters } : undefined;
    const step = await TrainingStep.create(await Runtime.open(engine), config, undefined, () => {});
    const shape = [4, 3, recipe.size, recipe.size];
    const { loss } = step.loss.report(await step.run({ data: randoms(1, elements(shape)), shape }, 0.1, 1, step.reads));
    await step.dispose();
    assert.ok(Number.isFinite(loss));
    return { tensors, parameters };
  } catch (error) {
    assert.ok(error instanceof BagsslError, (error as Error)?.stack);
    return undefined;
  }
}

/** Holds an inspection to what happens. */
async function check(file: string): Promise<OnnxInspection> {
  const found = await inspectOnnx(file, engine);
  const { asItIs, training, candidates } = found;
  const width = await embeds(file);
  assert.equal(asItIs.runs, width !== undefined, asItIs.reason ?? 'it does not run in fact');
  assert.equal(asItIs.width, width);
  assert.equal(asItIs.runs, asItIs.reason === undefined);
  const trained = await trains(file, found);
  assert.equal(training.reads, trained !== undefined, training.blockers.map(({ reason }) => reason).join(' '));
  assert.equal(training.reads, training.blockers.length === 0);
  if (trained) assert.deepEqual([training.tensors, training.parameters], [trained.tensors, trained.parameters]);
  assert.equal(candidates.filter(({ chosen }) => chosen).length, 1);
  return found;
}

const weight = (...dims: number[]) => ({ dims, float: [...randoms(5, elements(dims))] });
const TENSORS = { w: weight(4, 3, 3, 3), v: weight(4, 6), b: weight(6) };
const BODY: readonly FileNode[] = [
  ['Conv', 'x w', 'c', { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }],
  ['Relu', 'c', 'r'],
  ['GlobalAveragePool', 'r', 'p'],
  ['Flatten', 'p', 'f'],
];
const HEAD: readonly FileNode[] = [
  ['Gemm', 'f v b', 'logits'],
  ['Softmax', 'logits', 'y', { axis: 1 }],
];

/** Writes a small file; its path. */
async function written(name: string, file: Parameters<typeof onnxFile>[0], edit?: Parameters<typeof onnxFile>[1]) {
  const path = join(folder, name);
  await writeFile(path, onnxFile({ tensors: TENSORS, ...file }, edit));
  return path;
}

/** Moves a tensor's data into a file of their own. */
function outside(tensor: TensorProto, location: string, length: number): void {
  Object.assign(tensor, { floatData: [], dataLocation: 1 });
  const entries = { location, offset: '0', length: `${length}` };
  tensor.externalData = Object.entries(entries).map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value }),
  );
}

describe('inspectOnnx', () => {
  it('names exporter, opset, weights and values to cut at, and chooses the one before the classifier', async () => {
    const path = await written('net.onnx', { nodes: [...BODY, ...HEAD] }, (model) => {
      Object.assign(model, { producerName: 'hand', producerVersion: '1.2' });
    });
    const { exporter, opsets, operators, weights, training, asItIs, candidates, inputs } = await check(path);
    assert.deepEqual(
      { exporter, opsets, weights },
      { exporter: 'hand 1.2', opsets: { 'ai.onnx': 13 }, weights: { float32: 138 } },
    );
    assert.equal(operators.Conv, 1);
    assert.deepEqual(inputs, [{ name: 'x', type: 'float32', dims: ['batch', 3, 8, 8] }]);
    assert.equal(asItIs.output?.name, 'f');
    assert.deepEqual([training.tensors, training.parameters, training.width, training.size], [1, 108, 4, 8]);
    assert.deepEqual(
      candidates.map(({ name, dims, chosen }) => [name, `${dims}`, chosen]),
      [
        ['y', 'batch,6', false],
        ['f', 'batch,4', true],
        ['p', 'batch,4,1,1', false],
        ['r', 'batch,4,8,8', false],
      ],
    );
  });

  it('takes the value that it is told', async () => {
    const path = await written('told.onnx', { nodes: [...BODY, ...HEAD] });
    const { training, candidates } = await inspectOnnx(path, { ...engine, onnx: { output: 'c' } });
    assert.deepEqual([training.output, training.width], ['c', 4]);
    assert.deepEqual(candidates[0], { name: 'c', what: 'named', dims: ['batch', 4, 8, 8], chosen: true });
  });

  it('names everything that stands against training, also behind what has no shape', async () => {
    const nodes: readonly FileNode[] = [
      ['Conv', 'x w', 'c', { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }],
      ['Det', 'c', 'd'],
      ['Unique', 'd', 'u'],
      ['Relu', 'u', 'r', { slope: 1 }],
      ['Det', 'r', 'y'],
    ];
    const { training } = await check(await written('blocked.onnx', { nodes }));
    const found = training.blockers.map(({ reason, nodes, first }) => [
      reason.slice(0, 45),
      nodes,
      first?.split(' ')[0],
    ]);
    assert.deepEqual(
      found,
      [
        ['There is no gradient rule for Det; end the net', 2, 'Det'],
        ['There is no gradient rule for Unique; end the ', 1, 'Unique'],
        ['Relu with the attribute "slope" is not suppor', 1, 'Relu'],
      ].map(([reason, ...rest]) => [(reason as string).slice(0, 45), ...rest]),
    );
  });

  it('says what is missing beside a file, and what else there is', async () => {
    const path = await written('outside.onnx', { nodes: [...BODY, ['Det', 'p', 'y']] }, (model) => {
      outside(model.graph!.initializer[0], 'outside.data', 432);
    });
    const missing = await check(path);
    assert.deepEqual(
      missing.data.map(({ file, needed, bytes }) => [file, needed, bytes]),
      [['outside.data', 432, undefined]],
    );
    assert.match(missing.asItIs.reason!, /second file, which cannot be read/);
    assert.deepEqual(
      missing.training.blockers.map(({ reason }) => reason.slice(0, 34)),
      ['It keeps its weights in a second fi', 'There is no gradient rule for Det; '].map((reason) =>
        reason.slice(0, 34),
      ),
    );
    await writeFile(join(folder, 'outside.data'), new Uint8Array(randoms(2, 108).buffer));
    const whole = await check(path);
    assert.deepEqual([whole.data[0].bytes, whole.training.blockers.length], [432, 1]);
  });

  it('finds the file that a branch keeps its weights in', async () => {
    const branch = (name: string) => ({
      nodes: [['Identity', `${name}0`, name]] as const,
      tensors: { [`${name}0`]: weight(4, 6) },
      outputs: name,
    });
    const nodes: readonly FileNode[] = [
      ...BODY,
      ['If', 'yes', 'k', { then_branch: { graph: branch('p1') }, else_branch: { graph: branch('p2') } }],
      ['MatMul', 'f k', 'y'],
    ];
    const tensors = { ...TENSORS, yes: { dims: [], bool: [1] } };
    const path = await written('branch.onnx', { nodes, tensors }, (model) => {
      const [then] = model.graph!.node.find(({ opType }) => opType === 'If')!.attribute;
      outside(then.g!.initializer[0], 'branch.data', 96);
    });
    const missing = await check(path);
    assert.deepEqual(
      missing.data.map(({ file, needed }) => [file, needed]),
      [['branch.data', 96]],
    );
    await writeFile(join(folder, 'branch.data'), new Uint8Array(randoms(4, 24).buffer));
    const whole = await check(path);
    // ONNX Runtime itself takes no such file from memory; reading it for training does.
    assert.deepEqual([whole.data[0].bytes, whole.training.reads], [96, true]);
  });

  it('says that a file has two inputs, takes no images, or leaves its size open', async () => {
    const two = await check(
      await written('two.onnx', { inputs: { x: ['b', 3, 8, 8], z: ['b', 4] }, nodes: [...BODY, ['Add', 'f z', 'y']] }),
    );
    assert.match(two.training.blockers[0].reason, /has 2/);
    const text = await check(await written('text.onnx', { inputs: { x: ['b', 77] }, nodes: [['Relu', 'x', 'y']] }));
    assert.match(text.asItIs.reason!, /has 2 axes/);
    const open = await check(
      await written('open.onnx', { inputs: { x: ['b', 3, 'h', 'w'] }, nodes: BODY, outputs: 'f' }),
    );
    assert.deepEqual([open.training.sizeOpen, open.training.size], [true, 224]);
  });

  it('refuses what is no model, and misspelt options', async () => {
    const path = join(folder, 'page.onnx');
    await writeFile(path, '<!doctype html><title>no</title>');
    await assert.rejects(inspectOnnx(path), /a page of HTML/);
    await assert.rejects(inspectOnnx(path, { ran: true } as InspectOnnxOptions), /ran/);
  });
});

describe('bagssl inspect', () => {
  const run = (...args: string[]) => bagssl(['inspect', ...args, '--device', 'native', '--threads', '1']);

  it('prints both answers, and the same as JSON', async () => {
    const path = await written('cli.onnx', { nodes: [...BODY, ...HEAD] });
    const { code, stdout, stderr } = await run(path);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /Embeds as it is: yes, 4 numbers, "f"/);
    assert.match(stdout, /Trains: yes, 108 parameters in 1 tensors/);
    assert.match(stdout, /\* f \[batch, 4\]: before the last linear layer \(Gemm\)/);
    const json = JSON.parse((await run(path, '--json', '--encoder-output', 'r')).stdout);
    assert.deepEqual([json.training.output, json.asItIs.width], ['r', 4]);
  });

  it('describes an encoder that the package wrote, and names a missing file', async () => {
    const { code, stdout } = await run('dist/encoder.safetensors');
    assert.equal(code, 0);
    assert.match(stdout, /parameters in \d+ tensors/);
    assert.equal((await run(join(folder, 'none.onnx'))).code, 1);
  });

  it('and bagssl train cuts where it says', async () => {
    const path = await written('trained.onnx', { nodes: [...BODY, ...HEAD] });
    const args = ['train', '--data', 'builtin', '--images', '20', '--out', join(folder, 'run'), '--encoder', path];
    const { code, stderr } = await bagssl([
      ...args,
      '--steps',
      '1',
      '--batch',
      '4',
      '--views',
      '2',
      '--device',
      'native',
    ]);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /up to "f", before the last linear layer/);
    assert.match(stderr, /trains 1 tensors, 108 parameters/);
  });
});

// Public models and small files of one form each, which are not part of the project.
const SHARED = '../shared/onnx-wild';
const files = filesIn(SHARED);
describe('inspect says what happens in fact', { skip: files.length === 0 && `${SHARED} is not here` }, () => {
  for (const file of files) it(file.slice(0, 80), async () => void (await check(join(SHARED, file))));
});
