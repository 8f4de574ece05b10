import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runInNewContext } from 'node:vm';
import { createEmbedder } from '../../src/bag/create-embedder.ts';
import { cosine } from '../../src/bag/nearest.ts';
import { BagsslError } from '../../src/base/errors.ts';
import { checkPixels } from '../../src/base/pixels.ts';
import { builtinScenes } from '../../src/data/builtin-scenes.ts';
import { imageFrom } from '../../src/data/image-from.ts';
import { closedForm, evaluate, fitTable, KNN_PROTOCOLS, knnAccuracies, linearProbe } from '../../src/evaluate.ts';
import { readNpy } from '../../src/formats/npy.ts';
import { readWeights } from '../../src/formats/read-weights.ts';
import { add } from '../../src/graph/functions.ts';
import { browserStore, fit, memoryStore } from '../../src/train.ts';
import { openRun } from '../../src/training/kept-run.ts';

/** What a program in JavaScript may give where TypeScript would not let it. */
const WRONG: readonly (readonly [what: string, value: unknown])[] = [
  ['nothing', undefined],
  ['null', null],
  ['a number', 5],
  ['NaN', Number.NaN],
  ['text', 'x'],
  ['an empty object', {}],
  ['an empty array', []],
  ['a function', () => 1],
  ['bytes', new Uint8Array(3)],
  ['an ArrayBuffer', new ArrayBuffer(3)],
  ['a promise', Promise.resolve(new Uint8Array(3))],
];

/** Made by functions of theirs alone, which TypeScript alone holds to. */
const CLOSED = ['Embedder', 'PatchPool', 'KeptRun', 'Program', 'Runtime', 'BagsslError', 'Graph', 'Scope'];
/** Functions that are called inside a gradient rule or an encoder, with values of theirs. */
const LAYERS = ['convolution', 'linear', 'layerNorm', 'batchNorm', 'batchNormRelu', 'batchNormAddRelu'];
const INNER = ['inFloat32', 'withGradient', ...LAYERS];

const FACES = ['index', 'embed', 'data', 'train', 'patches', 'evaluate', 'export', 'graph', 'encoders', 'objectives'];
const MORE = ['runtime', 'formats', 'node'];

describe('what is given to', () => {
  const seen = new Set<unknown>();
  for (const face of [...FACES, ...MORE]) {
    it(`${face} is taken, or refused in a sentence`, async () => {
      const all = Object.entries((await import(`../../src/${face}.ts`)) as Record<string, unknown>);
      for (const [name, value] of all) {
        if (typeof value !== 'function' || seen.has(value) || CLOSED.includes(name) || INNER.includes(name)) continue;
        seen.add(value);
        const call = /^class /.test(`${value}`)
          ? (...given: unknown[]) => Reflect.construct(value, given)
          : (...given: unknown[]) => value(...given);
        for (const [what, wrong] of WRONG) {
          // Where everything may be left out, null is for the language to refuse.
          if (wrong === null && value.length === 0) continue;
          await refused(`${name} given ${what}`, () => call(wrong, [0], [0], [0]));
        }
      }
    });
  }
});

describe('a mistake that is often made', () => {
  const data = [new Uint8Array(3)] as never;
  const run = 'runs/photos' as never;
  const file = new ArrayBuffer(8) as never;
  const scenes = { data: builtinScenes({ count: 4 }) };
  const begin = (given: unknown) => fit({ ...scenes, config: given as never });
  const none = {} as never;
  const vectors = { features: { data: new Float32Array(2), rows: 1, columns: 2 }, labels: new Int32Array(1) };
  const probe = (given: object) => linearProbe(none, vectors, vectors, given);
  const unready = Promise.resolve(new Float32Array(2)) as never;
  const cases: readonly [string, () => unknown, RegExp][] = [
    ['files in place of an image set', () => fit({ data }), /data is an array of 1; .*decodedSet/],
    ['a path in place of a store', () => openRun(run), /store is "runs\/photos"; .*folderStore/],
    ['a buffer in place of its bytes', () => readWeights(file), /an ArrayBuffer; .*new Uint8Array\(buffer\)/],
    ['a vector that was not awaited', () => cosine(unready, unready), /a Promise; .*Await it first/],
    ['a number in place of a value', () => add(2 as never, 3 as never), /operand is 2; .*graph\.scalar\(number\)/],
    ['a budget beside the budget', () => begin({ steps: 5 }), /no "steps"; its options: seed, .*budget/],
    [
      'a budget beside the run',
      () => fit({ ...scenes, budget: { steps: 5 } } as never),
      /fit\(\{ data, config: \{ budget \} \}\)/,
    ],
    ['an option misspelt', () => begin({ optimizer: { kind: 'lars', momentun: 0.9 } }), /lars: there is no "momentun"/],
    ['an option of fit misspelt', () => fit({ ...scenes, resum: {} } as never), /fit: there is no "resum"/],
    ['a run in place of its options', () => fit({ ...scenes, run: {} } as never), /fit: there is no "run"; .*config/],
    [
      'a report every no steps',
      () => fit({ ...scenes, reportEvery: 0 }),
      /reportEvery must be a whole number of at least 1/,
    ],
    ['a configuration that is a number', () => begin(5), /config must be an object, got 5/],
    [
      'a path in place of options',
      () => createEmbedder('photos.safetensors' as never),
      /"photos\.safetensors"; .*\{ encoder/,
    ],
    ['a number in place of options', () => builtinScenes(6 as never), /is 6; .*\{ count/],
    [
      'a device that is none',
      () => createEmbedder({ device: 'gpu' as never }),
      /device must be one of auto, webgpu.*"gpu"/,
    ],
    [
      'a controller in place of its signal',
      () => createEmbedder({ signal: new AbortController() as never }),
      /signal must be an AbortSignal, such as new AbortController\(\)\.signal, got an AbortController/,
    ],
    [
      'less than no workers',
      () => fit({ ...scenes, workers: -1 }),
      /workers must be a whole number from 0 to 64, got -1/,
    ],
    [
      'a controller for a run',
      () => fit({ ...scenes, signal: new AbortController() as never }),
      /signal must be an AbortSignal/,
    ],
    ['a number for a store', () => memoryStore(5 as never), /name is 5; it must be a string/],
    ['a number for private files', () => browserStore(5 as never), /"5" cannot name a part of a run/],
    ['a probe of no epochs', () => probe({ epochs: 0 }), /linearProbe: epochs must be a whole number of at least 1/],
    ['an option of a probe misspelt', () => probe({ epoch: 3 }), /linearProbe: there is no "epoch"/],
    [
      'a protocol without neighbours',
      () => knnAccuracies(none, vectors, vectors, { few: { k: 0, temperature: 0.1 } }),
      /protocols\.few: k must be a whole number of at least 1, got 0/,
    ],
    [
      'a signal beside its options',
      () => knnAccuracies(none, vectors, vectors, KNN_PROTOCOLS, new AbortController().signal as never),
      /knnAccuracies is an AbortSignal/,
    ],
    [
      'a loss that is none',
      () => fitTable(none, [[1]], { k: 1, loss: 'vicreg' as never }),
      /loss must be one of spectral/,
    ],
    ['no dimensions', () => closedForm([[1]], 0), /k is 0; it must be a whole number from 1 to 1/],
    ['a part left out', () => evaluate({ encoder: {} } as never), /has no train; .*encoder, train, test/],
  ];
  for (const [what, call, message] of cases) {
    it(`is told apart: ${what}`, async () => {
      await assert.rejects(async () => call(), { code: 'bad-argument', message });
    });
  }
});

it('takes bytes of another realm, such as Jest gives, for what they are', async () => {
  const bytes = runInNewContext('new Uint8Array(3)') as Uint8Array;
  assert.ok(!(bytes instanceof Uint8Array));
  await assert.rejects(imageFrom(bytes), {
    code: 'bad-data',
    message: /not a JPEG, PNG, WebP, GIF, AVIF, HEIC, TIFF or BMP/,
  });
  assert.throws(() => readNpy(bytes), { code: 'bad-data' });
  checkPixels({ data: bytes, width: 1, height: 1, layout: 'rgb' }, 'pixels');
});

/** Ends, and not by an error that is not the package's own. */
async function refused(what: string, call: () => unknown): Promise<void> {
  try {
    const made = await call();
    const free = (made as { [Symbol.asyncDispose]?: () => Promise<void> } | undefined)?.[Symbol.asyncDispose];
    await free?.call(made);
  } catch (error) {
    assert.ok(error instanceof BagsslError, `${what}: ${(error as Error).stack?.slice(0, 300)}`);
    assert.ok(error.message.length > 20, `${what}: "${error.message}"`);
  }
}
