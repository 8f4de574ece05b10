import { fit } from '../../src/index.ts';
import type { Checkpoint } from '../../src/train.ts';
import { duration } from '../progress.ts';
import type { Setting } from './setting.ts';
import type { Subject } from './subjects.ts';

/** A trained subject. */
export interface Trained extends Pick<Checkpoint, 'config' | 'state'> {
  readonly subject: Subject;
  readonly seed: number;
  readonly steps: number;
  readonly patches: number;
  /** Wall time of training. */
  readonly seconds: number;
}

/** Training may take this many times its share of the time. */
const LATE = 1.15;

/**
 * Trains every subject with every seed on the same number of patches. The first run is the most expensive and has its share of the
 * time; all others get as many steps, so they should take no longer. If they do, the last seeds are left out, not the measurements.
 * @param minutes for all together
 */
export async function trainAll(
  setting: Setting,
  subjects: readonly Subject[],
  seeds: readonly number[],
  minutes: number,
): Promise<Trained[]> {
  const order = [...subjects].sort((a, b) => b.cost - a.cost);
  const share = minutes / (seeds.length * order.reduce((sum, { cost }) => sum + cost / order[0].cost, 0));
  const trained: Trained[] = [];
  const started = performance.now();
  for (const [done, seed] of seeds.entries()) {
    const spent = (performance.now() - started) / 60_000;
    if (done > 0 && (spent * (done + 1)) / done > LATE * minutes) {
      setting.progress.say(`The machine has become slower; there is no time for seed ${seed} and later ones.`);
      break;
    }
    for (const subject of order) {
      const budget = trained.length === 0 ? { minutes: share } : { steps: trained[0].steps };
      trained.push(await trainOne(setting, subject, seed, budget));
    }
  }
  return trained;
}

async function trainOne(
  { engine, train, progress, signal }: Setting,
  subject: Subject,
  seed: number,
  budget: { minutes: number } | { steps: number },
): Promise<Trained> {
  const quiet = { ...engine, onWarning: () => {} };
  const training = fit({ ...quiet, data: train, config: { ...subject.config, seed, budget }, signal });
  try {
    let last = { step: 0, patches: 0, seconds: 0 };
    for await (const step of training) {
      last = step;
      progress.show(step.progress, `training ${subject.name}, seed ${seed}: step ${step.step}`);
    }
    const { config, state } = await training.checkpoint();
    progress.say(
      `Trained ${subject.name}, seed ${seed}: ${last.step} steps, ${last.patches} patches, ${duration(last.seconds)}; loss ${training.history.at(-1)?.loss.toFixed(2)}.`,
    );
    return { subject, seed, config, state, steps: last.step, patches: last.patches, seconds: last.seconds };
  } finally {
    await training.dispose();
  }
}
