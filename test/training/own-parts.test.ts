import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PatchEncoder } from '../../src/embed.ts';
import type { EncoderKind } from '../../src/encoders.ts';
import { batchNormRelu, convolution } from '../../src/encoders.ts';
import { add, mul, reduceMean, reduceSum, reshape, scale, sub } from '../../src/graph.ts';
import { type BagsslError, createEmbedder, fit } from '../../src/index.ts';
import type { Objective } from '../../src/objectives.ts';
import type { Augmentation } from '../../src/patches.ts';
import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  type Optimizer,
  type RunConfig,
} from '../../src/train.ts';
import { STREAKS } from '../patches/own-fixture.ts';
import { plainImages, SHORT_RUN } from '../support/short-training.ts';

const data = plainImages();
const engine = { device: 'native', threads: 1, workers: 0, reportEvery: 1 } as const;

/** The mean square distance of views to their image's mean, and of that to `size`. */
const pull = (size: number): Objective => ({
  name: 'pull',
  build(projection, { views, images }) {
    const z = reshape(projection, [views, images, projection.shape[1]]);
    const mean = reduceMean(z, [0], true);
    const error = sub(z, mean);
    const length = sub(reduceSum(mul(mean, mean), [0, 2]), projection.graph.scalar(size));
    const loss = add(reduceMean(mul(error, error), [0, 1, 2]), reduceMean(mul(length, length), [0]));
    return { surrogate: loss, reads: { loss }, report: (reads) => ({ loss: reads.loss[0] }) };
  },
});

/** Signs of nothing: plain descent, `factor` times the rate. */
const plain = (factor: number): Optimizer => ({
  name: 'plain',
  slots: [],
  update: ({ parameter, gradient, rate }) => ({
    parameter: sub(parameter, mul(scale(gradient, factor), rate)),
    memory: [],
  }),
});

const squash: EncoderKind<{ readonly kind: unknown; readonly channels: number }> = {
  name: 'squash',
  rules: { channels: { asked: 'a number', needed: true, fits: (value) => typeof value === 'number' } },
  width: ({ channels }) => channels,
  build: (scope, { channels }, patches) =>
    reduceMean(batchNormRelu(scope, 'encoder.bn', convolution(scope, 'encoder.conv', patches, channels)), [2, 3]),
};
const encoderOf = (channels: number) => ({ ...SHORT_RUN.model!, encoder: { kind: squash, channels } });

const through = async (checkpoint: Checkpoint) => {
  const { json, tensors } = await encodeCheckpoint(checkpoint);
  assert.match(json, /"kind": "own"/);
  return decodeCheckpoint(json, tensors);
};

async function train(config: Partial<RunConfig>, resume?: Checkpoint, until = 6) {
  await using training = fit({ data, ...engine, resume, config });
  for await (const { step } of training) if (step === until) break;
  const { state, history } = await training.checkpoint();
  return { state, losses: history.map(({ loss }) => loss), checkpoint: await training.checkpoint() };
}

describe('your own', () => {
  const cases: Record<string, [own: Partial<RunConfig>, other: Partial<RunConfig>, where: string]> = {
    objective: [{ objective: pull(4) }, { objective: pull(5) }, 'objective'],
    optimizer: [{ optimizer: plain(1) }, { optimizer: plain(2) }, 'optimizer'],
    'kind of encoder': [{ model: encoderOf(6) }, { model: encoderOf(7) }, 'model\\.encoder'],
  };
  for (const [what, [own, other, where]] of Object.entries(cases)) {
    it(`${what} trains, and resumes bit for bit only if the same one is given again`, async () => {
      const short = { ...SHORT_RUN, budget: { steps: 6 } };
      const whole = await train({ ...short, ...own });
      assert.ok(whole.losses.every(Number.isFinite) && whole.losses[5] !== whole.losses[0]);
      const half = await through((await train({ ...short, ...own }, undefined, 3)).checkpoint);

      assert.deepEqual((await train(own, half)).state, whole.state);
      const again = new RegExp(`is code, .*give it again as config\\.${where}`);
      assert.throws(() => fit({ data, ...engine, resume: half }), { code: 'bad-argument', message: again });
      await assert.rejects(
        train(other, half),
        (error: BagsslError) => error.code === 'bad-checkpoint' && /is another one/.test(error.message),
      );
      assert.throws(() => fit({ data, ...engine, background: true, config: { ...short, ...own } }), {
        code: 'bad-argument',
        message: /cannot be sent to a worker; train with background: false/,
      });
    });
  }

  it('kind of encoder makes bags, and its options are held to its rules', async () => {
    const { checkpoint } = await train({ ...SHORT_RUN, model: encoderOf(6), budget: { steps: 1 } });
    const encoder = PatchEncoder.from(checkpoint, { feature: 'embedding' });
    const { reportEvery: _, ...options } = engine;
    await using embedder = await createEmbedder({ ...options, encoder });
    assert.equal((await embedder.embed(await data.image(0))).length, 6);
    await assert.rejects(encoder.write(), { code: 'bad-argument', message: /"squash".*checkpoint/ });
    const wrong = { ...SHORT_RUN.model!, encoder: { kind: squash, chanels: 6 } };
    assert.throws(
      () => fit({ data, config: { model: wrong, recipe: checkpoint.config.recipe } }),
      /\(squash\): there is no "chanels"/,
    );
  });
});

/** Makes a patch darker. */
const shade = (factor: number): Augmentation<number, number> => ({
  name: 'shade',
  draw: (most, random) => most * factor * random.uniform(),
  change: (tile, drawn) => {
    for (let i = 0; i < tile.length; i++) tile[i] *= 1 - drawn;
  },
});

describe('your own augmentations', () => {
  const recipe = { ...SHORT_RUN.recipe!, own: { streaks: { most: 3 } }, views: [{}, { own: { shade: 0.5 } }] };
  const augmentations = [STREAKS, shade(1)];
  const config = { ...SHORT_RUN, recipe, augmentations, budget: { steps: 4 } };

  it('train, and a run resumes bit for bit only if the same ones are given again', async () => {
    const whole = await train(config);
    assert.notDeepEqual(whole.losses, (await train({ ...config, recipe: SHORT_RUN.recipe })).losses);
    const { checkpoint } = await train(config, undefined, 2);
    const half = await through(checkpoint);
    assert.doesNotMatch((await encodeCheckpoint(checkpoint)).json, /streaks\.mjs/);

    assert.deepEqual((await train({ augmentations }, half)).state, whole.state);
    assert.deepEqual((await train({}, checkpoint)).state, whole.state); // the same value, with its code
    assert.deepEqual((await through(half)).config, half.config);

    const bad = (code: string, message: RegExp) => (error: BagsslError) =>
      error.code === code && message.test(error.message);
    const lost = bad('bad-argument', /own "streaks" is code.*give it again as config\.augmentations/);
    assert.throws(() => fit({ data, ...engine, resume: half }), lost);
    await assert.rejects(train({ augmentations: [shade(1)] }, half), lost);
    const other = bad('bad-checkpoint', /own augmentation "shade".*"shade" \(.*another one/);
    await assert.rejects(train({ augmentations: [STREAKS, shade(0.9)] }, half), other);
    const order = bad('bad-checkpoint', /own augmentation "streaks".*"shade" \(.*in the same order/);
    await assert.rejects(train({ augmentations: [shade(1), STREAKS] }, half), order);
    await assert.rejects(train({ augmentations: [STREAKS, shade(0.9)] }, checkpoint), other);
  });

  it('may be changed when a run resumes', async () => {
    const { checkpoint } = await train(config, undefined, 2);
    const changed = { ...recipe, own: { streaks: { most: 1 } } };
    assert.equal((await train({ recipe: changed, augmentations }, await through(checkpoint))).losses.length, 4);
  });

  it('that are missing, or cannot be used where they would run, are refused', async () => {
    const rejected = (more: Parameters<typeof fit>[0]['config'], message: RegExp, background = false) =>
      assert.rejects(
        async () => {
          await using training = fit({ data, ...engine, background, config: { ...config, ...more } });
          for await (const _ of training);
        },
        { code: 'bad-argument', message },
      );
    await rejected({ augmentations: [STREAKS] }, /recipe asks for the augmentation "shade".*add it to "augmentations"/);
    await rejected({ augmentations: undefined }, /recipe asks for the augmentation "streaks"/);
    await rejected({ recipe: { ...recipe, own: { streaks: { most: 0 } } } }, /"streaks" failed: most is 0/);
    await rejected({}, /augmentations\[1\] is a value.*URL of a module.*background: false/, true);
    assert.throws(
      () => fit({ data, augmentations } as never),
      /"augmentations" belongs in config: fit\(\{ data, config: \{ augm/,
    );
    assert.throws(() => fit({ data, config: { augmentations: STREAKS as never } }), /augmentations must be an array/);
  });

  it('are never imported because a file says so', async () => {
    const { checkpoint } = await train(config, undefined, 1);
    const { json, tensors } = await encodeCheckpoint(checkpoint);
    const { sha256: _, ...header } = JSON.parse(json);
    for (const one of [STREAKS.href, { name: 'x' }, { kind: 'own', name: 'x' }]) {
      const config = { ...header.config, augmentations: [one] };
      // Version 1 had no digest of its own.
      const forged = JSON.stringify({ ...header, version: 1, config });
      await assert.rejects(decodeCheckpoint(forged, tensors), { code: 'bad-checkpoint', message: /augmentations/ });
    }
  });
});
