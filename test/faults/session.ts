import { BagsslError, type FitOptions, openRun, type Step } from '../../src/index.ts';
import type { JobPool } from '../../src/patches/job-pool.ts';
import type { State } from '../../src/runtime/resident-state.ts';
import type { RunStore } from '../../src/train.ts';
import { configOf } from '../../src/training/fit-options.ts';
import { LocalFit } from '../../src/training/local-fit.ts';
import type { TrainingStep } from '../../src/training/training-step.ts';
import { plainImages, SHORT_RUN } from '../support/short-training.ts';

export interface SessionOptions extends Partial<FitOptions> {
  /** Seconds between two saves. */
  readonly interval?: number;
  /** Called before a step's batch is trained on; may change it, or throw. */
  readonly meddle?: (number: number, patches: Float32Array) => void;
  /** Called once the pool of workers is there. */
  readonly onPool?: (pool: JobPool) => void;
  /** Called after each step; `false` drops the program here, with nothing more saved. */
  readonly onStep?: (step: Step, opened: Awaited<ReturnType<LocalFit['open']>>) => unknown;
}

/** What became of one program that trained on the run in a store. */
export interface Session {
  /** Steps taken, those taken again included. */
  readonly steps: number;
  readonly error?: BagsslError;
  readonly said: readonly string[];
  /** Seconds of training that lay behind it when it began and when it ended, and those of its longest step. */
  readonly from: number;
  readonly reached: number;
  readonly longest: number;
  /** The run as it ended, if it came to its end. */
  readonly end?: {
    readonly state: State;
    readonly losses: readonly number[];
    readonly seconds: number;
    readonly device: string;
  };
}

/** One program's life: takes the run, trains to the end or to a fault, lets go. Any error but ours is thrown. */
export async function session(store: RunStore, options: SessionOptions = {}): Promise<Session> {
  const { interval = 0, meddle, onPool, onStep, ...more } = options;
  const said: string[] = [];
  const onWarning = (message: string) => said.push(message);
  const run = await openRun(store, { onWarning });
  const resume = run.found;
  const all: FitOptions = {
    data: plainImages(),
    device: 'wasm',
    threads: 1,
    workers: 0,
    ...more,
    config: resume ? undefined : { ...SHORT_RUN, ...more.config },
    resume,
    onWarning,
  };
  const training = new LocalFit(configOf(all), all);
  const open = training.open.bind(training);
  const known = new Set<TrainingStep>();
  training.open = async () => {
    const opened = await open();
    if (!known.has(opened.step)) {
      if (known.size === 0) onPool?.(opened.pool);
      known.add(opened.step);
      const train = opened.step.run.bind(opened.step);
      opened.step.run = (patches, rate, number, reads, used) => {
        meddle?.(number, patches.data);
        return train(patches, rate, number, reads, used);
      };
    }
    return opened;
  };
  let steps = 0;
  const from = resume?.position.seconds ?? 0;
  let reached = from;
  let longest = 0;
  const life = () => ({ steps, said, from, reached, longest });
  try {
    const kept = run.keep(training, { seconds: interval });
    for (;;) {
      const { done, value } = await kept.next();
      if (done) break;
      steps++;
      longest = Math.max(longest, value.seconds - reached);
      reached = value.seconds;
      if ((await onStep?.(value, await training.open())) === false) return life();
    }
    const { state, position, history } = await training.checkpoint();
    const { device } = (await training.open()).runtime;
    return { ...life(), end: { state, losses: history.map(({ loss }) => loss), seconds: position.seconds, device } };
  } catch (error) {
    if (!(error instanceof BagsslError)) throw error;
    return { ...life(), error };
  } finally {
    await training.dispose();
    await run.close();
  }
}
