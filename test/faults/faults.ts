import assert from 'node:assert/strict';
import type { Stream } from '../../src/base/random.ts';
import type { ImageSet } from '../../src/data.ts';
import { BagsslError } from '../../src/index.ts';
import type { JobPool } from '../../src/patches/job-pool.ts';
import type { PatchWorker } from '../../src/patches/patch-worker.ts';
import { memoryStore, type RunStore } from '../../src/train.ts';
import { plainImages, SHORT_RUN } from '../support/short-training.ts';
import { type Session, type SessionOptions, session } from './session.ts';

/** What a fault did to a run of `STEPS` steps. */
export interface Outcome {
  readonly end: Session['end'];
  /** Steps taken over all sessions, those taken again included. */
  readonly steps: number;
  /** The least that the fault must have shown itself by, else the trial proves nothing. */
  readonly seen: boolean;
  /** Whether the state must be the undisturbed run's, bit for bit. */
  readonly same: boolean;
}

export const STEPS = 12;
const run = { ...SHORT_RUN, budget: { steps: STEPS } };

export type Fault = (s: Stream, place: Place) => Promise<Outcome>;

/** What the platform lends to the faults. */
export interface Place {
  /** Where a run is kept. */
  store(): Promise<RunStore>;
  /** A worker's script that hangs at a message on the channel `bagssl-hang`. */
  readonly hangingWorker: () => Promise<URL | string>;
}

const inside = (s: Stream) => 1 + s.below(STEPS - 1);
const running = (pool: JobPool) => Reflect.get(pool, 'running') as PatchWorker[];

/**
 * Sessions one after the other, the first disturbed, until the run has come to its end; no fault may need more than three. What is
 * lost between two is the interval, or two of them where a checkpoint was damaged, the step that was under way, and one for each
 * save that the disk refused.
 */
async function untilEnd(
  store: RunStore,
  first: SessionOptions,
  after?: () => Promise<unknown>,
  refused: () => number = () => 0,
) {
  const all = [await session(store, { config: run, ...first })];
  await after?.();
  while (!all.at(-1)!.end && all.length < 3) all.push(await session(store, { config: run }));
  all.slice(1).forEach(({ from }, k) => {
    const { reached, longest } = all[k];
    const interval = k === 0 ? (first.interval ?? 0) : 0;
    const most = (after ? 2 : 1) * (interval + 2 * longest) + refused() * longest;
    const aborted = all[k].error?.code === 'aborted';
    assert.ok(reached - from <= (aborted ? 0 : most), `${reached - from} seconds were lost, more than ${most}`);
  });
  return { all, end: all.at(-1)!.end, steps: all.reduce((sum, { steps }) => sum + steps, 0) };
}

/** Does something at a random moment of a random step: before it, or while its batch is cut or trained on. */
const atRandom = (s: Stream, act: () => void): SessionOptions['onStep'] => {
  const at = inside(s);
  const ms = s.below(3) ? s.below(40) : 0;
  return ({ step }) => {
    if (step === at) ms ? setTimeout(act, ms) : act();
  };
};

async function clean(
  s: Stream,
  { store }: Place,
  disturb: (at: number) => { options: SessionOptions; undo(): void; seen(): boolean },
) {
  const { options, undo, seen } = disturb(inside(s));
  try {
    const { end, steps } = await untilEnd(await store(), options);
    return { end, steps, seen: seen(), same: true };
  } finally {
    undo();
  }
}

export const FAULTS: Readonly<Record<string, Fault>> = {
  async 'program ends without a word'(s, { store }) {
    const at = inside(s);
    const { all, end, steps } = await untilEnd(await store(), {
      interval: s.below(2) ? 0 : 0.05,
      onStep: ({ step }) => step !== at,
    });
    return { end, steps, seen: !all[0].end, same: true };
  },

  async 'write torn, program dies'(s) {
    const store = memoryStore();
    let left = 3 + s.below(30);
    let dead = false;
    const dying: RunStore = {
      ...store,
      async write(name, bytes) {
        if (left-- > 0) return store.write(name, bytes);
        if (!dead) await store.write(name, bytes.subarray(0, s.below(bytes.length)));
        dead = true;
        throw new Error('The process was killed.');
      },
    };
    await session(dying, { config: run }).catch((error: Error) => assert.match(error.message, /was killed/));
    const { end, steps } = await untilEnd(store, {});
    return { end, steps: Math.max(steps, STEPS), seen: dead, same: true };
  },

  async 'checkpoint damaged at rest'(s, { store: open }) {
    const store = await open();
    // Two checkpoints are there after the second step; one alone that is damaged is refused.
    const at = 3 + s.below(STEPS - 3);
    const { end, steps } = await untilEnd(store, { onStep: ({ step }) => step !== at }, async () => {
      const newest = new TextDecoder().decode((await store.read('run.json'))!);
      const state = `state-${JSON.parse(newest).tensors.sha256.slice(0, 16)}.safetensors`;
      const name = s.below(2) ? 'run.json' : state;
      const bytes = (await store.read(name))!;
      bytes[s.below(bytes.length - 1)] ^= 1 << s.below(8);
      await store.write(name, bytes);
    });
    return { end, steps, seen: true, same: true };
  },

  async 'disk full for a while'(s, { store: open }) {
    const store = await open();
    const from = s.below(20);
    let writes = 0;
    let refused = 0;
    const full: RunStore = {
      ...store,
      async write(name, bytes) {
        const now = writes++;
        if (now < from || now > from + 6) return store.write(name, bytes);
        refused++;
        throw new BagsslError('not-saved', 'The disk is full.');
      },
    };
    const { all, end, steps } = await untilEnd(full, {}, undefined, () => refused);
    return { end, steps, seen: all[0].said.length > 0, same: true };
  },

  async 'abort, then resume'(s, { store }) {
    const stop = new AbortController();
    const { all, end, steps } = await untilEnd(await store(), {
      signal: stop.signal,
      interval: 1000,
      onStep: atRandom(s, () => stop.abort()),
    });
    return { end, steps, seen: all[0].error?.code === 'aborted' || all.length === 1, same: true };
  },

  async 'worker crashes'(s, { store }) {
    let pool: JobPool | undefined;
    let crashed = false;
    const { end, steps } = await untilEnd(await store(), {
      workers: 1 + s.below(2),
      onPool: (opened) => {
        pool = opened;
      },
      onStep: atRandom(s, () => {
        running(pool!)[0].fail(new Error('crashed'));
        crashed = true;
      }),
    });
    return { end, steps, seen: crashed, same: true };
  },

  async 'worker hangs'(s, { store, hangingWorker }) {
    let first: PatchWorker | undefined;
    let pool: JobPool | undefined;
    const channel = new BroadcastChannel('bagssl-hang');
    const at = 1 + s.below(STEPS - 6);
    const { end, steps } = await untilEnd(await store(), {
      workers: 1,
      workerUrl: await hangingWorker(),
      onPool(opened) {
        pool = opened;
        first = running(opened)[0];
        Reflect.set(opened, 'patience', 0.5 + 0.1 * s.below(10));
      },
      async onStep({ step }) {
        if (step !== at) return;
        channel.postMessage('hang');
        await new Promise((wait) => setTimeout(wait, 300)); // for the message to arrive
      },
    });
    channel.close();
    return { end, steps, seen: running(pool!)[0] !== first, same: true };
  },

  async 'batch not a number'(s, { store }) {
    const at = inside(s);
    let left = 1 + s.below(3);
    const meddle = (number: number, patches: Float32Array) => {
      if (number >= at && left-- > 0)
        patches[s.below(patches.length)] = s.below(2) ? Number.NaN : Number.POSITIVE_INFINITY;
    };
    const { all, end, steps } = await untilEnd(await store(), { meddle });
    return { end, steps, seen: (end?.losses.length ?? 0) < STEPS && all.length === 1, same: false };
  },

  async 'run diverges'(s, { store }) {
    const at = inside(s);
    let left = 4;
    const meddle = (number: number, patches: Float32Array) => {
      if (number >= at && left-- > 0) patches.fill(Number.NaN);
    };
    const { all, end, steps } = await untilEnd(await store(), { meddle, rescueSeconds: 0.02 * s.below(5) });
    return {
      end,
      steps,
      seen: at > STEPS - 4 || all[0].said.some((message) => /half the learning rate/.test(message)),
      same: false,
    };
  },

  async 'memory runs out'(s, { store }) {
    const at = inside(s);
    let left = 1;
    const meddle = (number: number) => {
      if (number === at && left-- > 0) throw new BagsslError('out-of-memory', 'There is not enough memory.');
    };
    const { all, end, steps } = await untilEnd(await store(), { meddle, rescueSeconds: 0 });
    return { end, steps, seen: all[0].said.some((message) => /slices/.test(message)), same: false };
  },

  async 'data stalls for ever'(s, { store }) {
    let given = 0;
    const after = s.below(STEPS * 12);
    const { all, end, steps } = await untilEnd(await store(), {
      data: slow(() => (++given > after ? new Promise(() => {}) : undefined)),
      dataSeconds: 0.5,
    });
    return { end, steps, seen: all[0].error?.code === 'data-stalled', same: true };
  },

  async 'data slow'(s, { store }) {
    let given = 0;
    const at = s.below(STEPS * 12);
    const data = slow(() => (++given === at ? new Promise((wait) => setTimeout(wait, 400)) : undefined));
    const { end, steps } = await untilEnd(await store(), { data, dataSeconds: 5 });
    return { end, steps, seen: true, same: true };
  },

  async 'data fails'(s, { store }) {
    let given = 0;
    const at = 1 + s.below(STEPS * 12);
    const data = slow(async () => {
      if (++given === at) throw new BagsslError('bad-data', 'The file is gone.');
    });
    const { all, end, steps } = await untilEnd(await store(), { data });
    return { end, steps, seen: all[0].error?.code === 'bad-data', same: true };
  },

  'clock jumps': (s, place) =>
    clean(s, place, (at) => {
      const { now } = Date;
      const by = (s.below(2) ? 1 : -1) * 86_400_000 * (1 + s.below(1000));
      return {
        options: {
          interval: 0.05,
          onStep({ step }) {
            if (step === at) Date.now = () => now() + by;
          },
        },
        undo: () => {
          Date.now = now;
        },
        seen: () => true,
      };
    }),

  async 'asleep for hours'(s, place) {
    const outcome = await clean(s, place, (at) => {
      const now = performance.now.bind(performance);
      let slept = 0;
      return {
        options: {
          interval: 0.05,
          dataSeconds: 5,
          workers: 1,
          meddle(number) {
            if (number === Math.max(2, at)) slept = 3_600_000 * (1 + s.below(12));
          },
          onPool: () => {
            performance.now = () => now() + slept;
          },
        },
        undo: () => {
          performance.now = now;
        },
        seen: () => slept > 0,
      };
    });
    assert.ok(outcome.end!.seconds < 600, `a sleep counted as ${outcome.end!.seconds} seconds of training`);
    return outcome;
  },

  async 'two programs on one run'(s, { store: open }) {
    const store = await open();
    const at = inside(s);
    let told = false;
    const { end, steps } = await untilEnd(store, {
      async onStep({ step }) {
        if (step !== at) return;
        told = await session(store).then(
          () => false,
          (error) => error instanceof BagsslError && error.code === 'run-busy',
        );
      },
    });
    return { end, steps, seen: told, same: true };
  },
};

/**
 * A GPU lost at a random moment. Deno's ends ONNX Runtime's module where it is lost within a step (the test of lost devices does
 * that, as often as there are modules), so there it is lost between two.
 */
export const gpuLost: Fault = async (s) => {
  const at = 1 + s.below(3);
  const ms = 'Deno' in globalThis ? undefined : s.below(300);
  let lost = false;
  const { all, end, steps } = await untilEnd(memoryStore(), {
    device: 'webgpu',
    config: { ...run, budget: { steps: 5 } },
    reportEvery: 1,
    rescueSeconds: 0,
    async onStep({ step }, { runtime }) {
      if (step !== at || lost) return;
      lost = true;
      const gpu = await runtime.gpu();
      if (ms === undefined) {
        gpu.destroy();
        await gpu.lost;
      } else setTimeout(() => gpu.destroy(), ms);
    },
  });
  assert.equal(end?.losses.length, 5);
  return { end, steps: steps + STEPS - 5, seen: all[0].said.length > 0, same: false };
};

/** The images, each after whatever `wait` gives. */
function slow(wait: () => Promise<unknown> | undefined): ImageSet {
  const images = plainImages();
  return {
    ...images,
    async image(id) {
      await wait();
      return images.image(id);
    },
  };
}
