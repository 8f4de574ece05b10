import { encoders } from '../src/encoders.ts';
import { BagsslError, fit, openRun, type Step } from '../src/index.ts';
import { folderStore, openData } from '../src/node.ts';
import { OBJECTIVES } from '../src/objectives.ts';
import { PRECISION_CHOICES } from '../src/runtime.ts';
import { type KeptRun, type RunConfig, runPresets } from '../src/train.ts';
import { encoderOverrides } from './encoder-option.ts';
import { type Command, UsageError, type Values } from './options.ts';
import { duration, Progress } from './progress.ts';
import { ENGINE_OPTIONS, engineOptions, interruption, JSON_OPTION, printJson, saySkipped } from './shared.ts';

export const train: Command = {
  summary: 'learn an encoder from unlabelled images',
  options: {
    data: {
      type: 'string',
      value: 'PATH',
      required: true,
      help: 'a CIFAR-10 folder, a folder of images, or "builtin"',
    },
    out: { type: 'string', value: 'DIR', required: true, help: 'where the run is kept' },
    images: { type: 'string', value: 'N', help: 'train on the first N images only' },
    minutes: { type: 'string', value: 'M', help: 'train for M minutes; default 10' },
    steps: { type: 'string', value: 'N', help: 'train for N steps instead: the repeatable form' },
    views: { type: 'string', value: 'N', help: 'patches of each image in a batch; default 4' },
    batch: { type: 'string', value: 'N', help: 'images in a batch; default 50' },
    preset: {
      type: 'string',
      value: 'NAME',
      help: `start from another recipe, whole: ${Object.keys(runPresets).join(', ')} (ResNet-18; wants a GPU)`,
    },
    encoder: {
      type: 'string',
      value: 'NAME|FILE',
      help: `${Object.keys(encoders).join(', ')}, or your own network as FILE.onnx; default compact`,
    },
    'batch-norm': {
      type: 'string',
      value: 'HOW',
      help: "train or frozen (by the file's statistics): batch norms of FILE.onnx; default train",
    },
    'encoder-output': {
      type: 'string',
      value: 'VALUE',
      help: 'the value of FILE.onnx to take; default its first output',
    },
    objective: { type: 'string', value: 'NAME', help: `${OBJECTIVES.join(', ')}; default coding-rate` },
    slices: { type: 'string', value: 'N', help: 'run a batch in N slices, with the memory of one; default 1' },
    precision: { type: 'string', value: 'P', help: 'float32, float16 (WebGPU), or auto; default float32' },
    rate: { type: 'string', value: 'R', help: 'peak learning rate; default 0.3' },
    seed: { type: 'string', value: 'S', help: 'seed of everything random; default 0' },
    ...ENGINE_OPTIONS,
    resume: { type: 'boolean', help: 'go on with the run in DIR' },
    overwrite: { type: 'boolean', help: 'replace the run in DIR' },
    json: JSON_OPTION,
  },
  async run(values) {
    const progress = new Progress();
    const out = values.text('out')!;
    const config = await overrides(values);
    const warn = (message: string) => progress.say(`Note: ${message}`);
    await using kept = await openRun(folderStore(out), { overwrite: values.flag('overwrite'), onWarning: warn });
    checkResume(kept, values, out);
    const data = await openData(values.text('data')!, {
      split: 'train',
      limit: values.whole('images', 2),
      onProgress: (done, total) => progress.show(done / total, `reading images, ${done} of ${total}`),
    });
    progress.clear();
    saySkipped(data, progress);

    const signal = interruption();
    const training = fit({ ...engineOptions(values, progress), data, config, resume: kept.found, signal });
    try {
      const { device, adapter, threads } = await training.open();
      const { images, views } = training.config;
      progress.say(
        `Training on ${data.length} images (${data.name}), ${images} × ${views} patches a step, on ${device}${adapter ? ` (${adapter})` : ''}, ${threads} thread${threads === 1 ? '' : 's'}.`,
      );
      const total = await follow(training, kept, out, progress);
      if (values.flag('json')) printJson(total);
    } finally {
      await training.dispose();
    }
  },
};

async function overrides(values: Values): Promise<Partial<RunConfig>> {
  const minutes = values.number('minutes');
  const steps = values.whole('steps', 1);
  if (minutes !== undefined && steps !== undefined) throw new UsageError('Give --minutes or --steps, not both.');
  if (minutes !== undefined && !(minutes > 0))
    throw new UsageError(`--minutes takes a positive number, got "${minutes}".`);
  const objective = values.choice('objective', OBJECTIVES);
  const preset = values.choice('preset', Object.keys(runPresets) as (keyof typeof runPresets)[]);
  const given = {
    seed: values.whole('seed', 0),
    images: values.whole('batch', 2),
    views: values.whole('views', 2),
    rate: values.number('rate'),
    slices: values.whole('slices', 1),
    precision: values.choice('precision', PRECISION_CHOICES),
    ...(await encoderOverrides(values)),
    // The default objective keeps the default run's own settings.
    objective: objective && objective !== 'coding-rate' ? { kind: objective } : undefined,
    budget:
      steps !== undefined
        ? { steps }
        : minutes !== undefined || !values.flag('resume')
          ? { minutes: minutes ?? 10 }
          : undefined,
  };
  const typed = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { ...(preset && runPresets[preset]), ...typed };
}

function checkResume({ found }: KeptRun, values: Values, out: string): void {
  if (values.flag('resume') && !found) {
    throw new BagsslError('bad-checkpoint', `There is no run in "${out}" to go on with; leave --resume out.`);
  }
  if (!values.flag('resume') && found) {
    throw new UsageError(
      `"${out}" already holds a run; go on with it (--resume), replace it (--overwrite), or choose another --out.`,
    );
  }
}

/** Trains to the end, showing progress and saving now and then; an interruption saves as well. */
async function follow(training: ReturnType<typeof fit>, kept: KeptRun, out: string, progress: Progress) {
  const { device, threads, precision } = await training.open();
  let steps = 0;
  let ms = 0;
  let wait = 0;
  let last: Step | undefined;
  try {
    for await (const step of kept.keep(training)) {
      last = step;
      steps++;
      ms += step.ms;
      wait += step.dataWaitMs;
      progress.show(step.progress, describe(training, step, steps, ms));
    }
  } catch (error) {
    if (error instanceof BagsslError && error.code === 'aborted') {
      const where = steps > 0 ? ` The run is kept in "${out}"; go on with --resume.` : '';
      throw new BagsslError('aborted', `${error.message}${where}`, { cause: error });
    }
    throw error;
  }
  if (steps === 0) progress.say('The run had already reached its end; give more --minutes or --steps to go on.');
  const report = training.history.at(-1);
  progress.clear();
  const patchesPerStep = training.config.images * training.config.views;
  const total = {
    steps: last?.step ?? training.history.at(-1)?.step ?? 0,
    patches: (last?.step ?? 0) * patchesPerStep,
    seconds: round(last?.seconds ?? 0, 2),
    ms_per_step: round(ms / Math.max(1, steps), 2),
    data_wait_ms_per_step: round(wait / Math.max(1, steps), 3),
    patches_per_second: round((1000 * steps * patchesPerStep) / Math.max(1, ms), 1),
    device,
    threads,
    precision,
    skipped_steps: report?.skipped ?? 0,
    loss: report?.loss ?? null,
    collapse: report?.collapse ?? null,
    out,
  };
  progress.say(
    `Trained ${total.steps} steps (${total.patches} patches) in ${duration(total.seconds)}, ${total.ms_per_step} ms a step; loss ${report?.loss.toFixed(3)}, collapse figure ${report?.collapse.toFixed(2)}. Kept in "${out}".`,
  );
  return total;
}

function describe(training: ReturnType<typeof fit>, step: Step, steps: number, ms: number): string {
  const report = training.history.at(-1);
  const rate = (1000 * steps * training.config.images * training.config.views) / ms;
  const { budget } = training.config;
  const left =
    'steps' in budget ? ((budget.steps - step.step) * ms) / steps / 1000 : budget.minutes * 60 - step.seconds;
  const figures = report ? `loss ${report.loss.toFixed(2)}, ` : '';
  return `step ${step.step}, ${figures}${rate.toFixed(0)} patches/s, ${duration(left)} left`;
}

const round = (value: number, digits: number) => Number(value.toFixed(digits));
