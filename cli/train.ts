import { describeModel, encoders } from '../src/encoders.ts';
import { BagsslError, fit, openRun, type Step } from '../src/index.ts';
import { folderStore } from '../src/node.ts';
import { OBJECTIVES } from '../src/objectives.ts';
import { PRECISION_CHOICES } from '../src/runtime.ts';
import { type KeptRun, type RunConfig, runConfig, runPresets } from '../src/train.ts';
import { adapt } from './adapt.ts';
import { type Command, NAME, oneOf, PATH, POSITIVE, UsageError, type Values, whole } from './command.ts';
import { BATCH_NORM, ENCODER, encoderOverrides } from './encoder-option.ts';
import { FOLDER_OPTIONS, openImages } from './folder-options.ts';
import { duration, Progress } from './progress.ts';
import { DATA_OPTION, ENGINE_OPTIONS, engineOptions, interruption, JSON_OPTION, printJson } from './shared.ts';

const PRESETS = Object.keys(runPresets) as (keyof typeof runPresets)[];

export const train: Command = {
  summary: 'learn an encoder from unlabelled images',
  options: {
    data: DATA_OPTION,
    out: { value: 'DIR', rule: PATH, required: true, help: 'the folder to keep the run in' },
    images: { value: 'N', rule: whole(2), help: 'train on N images only, the first of each folder in turn' },
    'hold-out': { help: 'leave out the test part that "bagssl evaluate" takes: one in five images of each folder' },
    ...FOLDER_OPTIONS,
    minutes: { value: 'M', rule: POSITIVE, help: 'train for M minutes; default 10' },
    steps: { value: 'N', rule: whole(1), help: 'train for N steps instead, which can be repeated exactly' },
    views: { value: 'N', rule: whole(2), help: 'patches of each image in a batch; default 4' },
    batch: { value: 'N', rule: whole(2), help: 'images in a batch; default 50' },
    preset: {
      value: 'NAME',
      rule: oneOf(PRESETS),
      help: `start from a complete recipe: ${PRESETS.join(', ')} (ResNet-18; needs a GPU)`,
    },
    from: {
      value: 'shipped|PATH',
      rule: PATH,
      help: "learn from the images in closed form, in a minute or two: adapt the encoder that comes with bagssl, or a run's, or a pretrained FILE.onnx, to them",
    },
    encoder: {
      value: 'NAME|FILE',
      rule: ENCODER,
      help: `${Object.keys(encoders).join(', ')}, or your own network as FILE.onnx; default compact`,
    },
    'batch-norm': {
      value: 'HOW',
      rule: oneOf(BATCH_NORM),
      help: "batch norm of FILE.onnx: train, or frozen at the file's statistics; default train",
    },
    'encoder-output': { value: 'VALUE', rule: NAME, help: 'the value of FILE.onnx to use; default its first output' },
    'encoder-size': {
      value: 'PX',
      rule: whole(1),
      help: 'side of the images of FILE.onnx, if it leaves that open',
    },
    objective: { value: 'NAME', rule: oneOf(OBJECTIVES), help: `${OBJECTIVES.join(', ')}; default coding-rate` },
    slices: { value: 'N', rule: whole(1), help: 'run a batch in N slices, with the memory of one; default 1' },
    precision: {
      value: 'P',
      rule: oneOf(PRECISION_CHOICES),
      help: 'float32, float16 (WebGPU only), or auto; default float32',
    },
    rate: { value: 'R', rule: POSITIVE, help: 'peak learning rate; default 0.3' },
    seed: { value: 'S', rule: whole(0), help: 'seed of everything random; default 0' },
    ...ENGINE_OPTIONS,
    resume: { help: 'resume the run in DIR' },
    overwrite: { help: 'replace the run in DIR' },
    json: JSON_OPTION,
  },
  async run(values) {
    if (values.text('from') !== undefined) return adapt(values);
    const progress = new Progress();
    const out = values.text('out')!;
    const config = await overrides(values, (line) => progress.say(line));
    const warn = (message: string) => progress.say(`Note: ${message}`);
    await using kept = await openRun(folderStore(out), { overwrite: values.flag('overwrite'), onWarning: warn });
    checkResume(kept, values, out);
    // Refused before the images are read, which may take minutes.
    runConfig({ budget: { steps: 1 }, ...kept.found?.config, ...config });
    const engine = engineOptions(values, progress);
    const { images: data, sayUnreadable } = await openImages(values.text('data')!, values, progress, {
      ...(values.flag('hold-out') && { split: 'train' }),
      limit: values.number('images'),
    });

    const signal = interruption();
    const training = fit({ ...engine, data, config, resume: kept.found, signal });
    try {
      const { device, adapter, threads } = await training.open();
      const { images, views, model, recipe } = training.config;
      const { tensors, parameters } = describeModel(model, recipe.size).encoder;
      progress.say(`The encoder trains ${tensors} tensors, ${parameters} parameters.`);
      progress.say(
        `Training on ${data.length} images (${data.name}), ${images} × ${views} patches a step, on ${device}${adapter ? ` (${adapter})` : ''}, ${threads} thread${threads === 1 ? '' : 's'}.`,
      );
      const total = await follow(training, kept, out, progress);
      sayUnreadable();
      if (values.flag('json')) printJson(total);
    } finally {
      await training.dispose();
    }
  },
};

async function overrides(values: Values, say: (line: string) => void): Promise<Partial<RunConfig>> {
  const minutes = values.number('minutes');
  const steps = values.number('steps');
  if (minutes !== undefined && steps !== undefined) throw new UsageError('Give --minutes or --steps, not both.');
  const objective = values.choice('objective', OBJECTIVES);
  const preset = values.choice('preset', PRESETS);
  const given = {
    seed: values.number('seed'),
    images: values.number('batch'),
    views: values.number('views'),
    rate: values.number('rate'),
    slices: values.number('slices'),
    precision: values.choice('precision', PRECISION_CHOICES),
    ...(await encoderOverrides(values, say)),
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
    throw new BagsslError('bad-checkpoint', `There is no run in "${out}" to resume; leave --resume out.`);
  }
  if (!values.flag('resume') && found) {
    throw new UsageError(
      `"${out}" already holds a run; resume it (--resume), replace it (--overwrite), or choose another --out.`,
    );
  }
}

/** Trains to the end, shows progress, and saves now and then and when interrupted. */
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
      const where = steps > 0 ? ` The run is kept in "${out}"; resume it with --resume.` : '';
      throw new BagsslError('aborted', `${error.message}${where}`, { cause: error });
    }
    throw error;
  }
  if (steps === 0) progress.say('The run had already reached its end; to train on, give more --minutes or --steps.');
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
