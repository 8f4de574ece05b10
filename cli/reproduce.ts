import { stat } from 'node:fs/promises';
import { readableSet } from '../src/data.ts';
import { BagsslError, VERSION } from '../src/index.ts';
import { Runtime } from '../src/runtime.ts';
import { type Command, PATH, POSITIVE, type Rule, UsageError, type Values, whole } from './command.ts';
import { checkThere } from './files.ts';
import { FOLDER_OPTIONS, openImages } from './folder-options.ts';
import { ONNX_OPTIONS, onnxEncoder } from './onnx-encoder.ts';
import { duration, Progress } from './progress.ts';
import { measureAccuracy, planAccuracy } from './reproduce/accuracy.ts';
import { reproduceAuthors } from './reproduce/authors.ts';
import { reproduceC1 } from './reproduce/c1.ts';
import { findingsOfAccuracy } from './reproduce/c2-c6.ts';
import { reproduceC4 } from './reproduce/c4.ts';
import { reproduceMaps } from './reproduce/c5-c7.ts';
import { reproduceC6With } from './reproduce/c6-encoder.ts';
import { CLAIMS, type Claim, type Findings } from './reproduce/findings.ts';
import { planTime } from './reproduce/plan.ts';
import { commitOfProgram, provenance } from './reproduce/provenance.ts';
import type { Setting } from './reproduce/setting.ts';
import { FIXED, MULTI_CROP } from './reproduce/subjects.ts';
import { type Trained, trainAll } from './reproduce/train-all.ts';
import { writeReproduction } from './reproduce/write.ts';
import { ENGINE_OPTIONS, engineOptions, interruption, JSON_OPTION, printJson } from './shared.ts';

const claimsIn = (text: string) => text.split(',').map((name) => name.trim()) as Claim[];

const CLAIM_LIST: Rule = {
  asked: `a list of claims, such as C1,C2, out of ${CLAIMS.join(', ')}`,
  fits: (text) => claimsIn(text).every((claim) => CLAIMS.includes(claim)),
};

export const reproduce: Command = {
  summary: "run the paper's experiments and write tables and figures",
  options: {
    data: {
      value: 'PATH',
      rule: PATH,
      required: true,
      help: 'labelled images: a CIFAR-10 folder, a folder of images, or "builtin"',
    },
    out: { value: 'DIR', rule: PATH, required: true, help: 'the folder for tables and figures' },
    minutes: { value: 'M', rule: POSITIVE, help: 'about how long everything may take; default 20' },
    claims: { value: 'C1,C2,...', rule: CLAIM_LIST, help: `some of ${CLAIMS.join(', ')}; default all` },
    photos: {
      value: 'PATH',
      rule: PATH,
      help: 'photographs for the similarity maps; default photos300 beside --data, else built-in scenes',
    },
    seeds: {
      value: 'N',
      rule: whole(1),
      help: 'how often each encoder is trained; default 3 from 10 minutes on, else 1',
    },
    seed: { value: 'S', rule: whole(0), help: 'the first seed; default 0' },
    ...ONNX_OPTIONS,
    encoder: {
      value: 'FILE|URL',
      rule: PATH,
      help: 'with --claims C6: an .onnx file that others have trained; its centre crop against bags of patches',
    },
    ...FOLDER_OPTIONS,
    ...ENGINE_OPTIONS,
    json: JSON_OPTION,
  },
  async run(values) {
    const progress = new Progress();
    const started = performance.now();
    const elapsed = () => (performance.now() - started) / 1000;
    const claims = claimsIn(values.text('claims') ?? CLAIMS.join());
    const minutes = values.number('minutes') ?? 20;
    const out = values.text('out')!;
    const taken = await stat(out).catch(() => undefined);
    if (taken && !taken.isDirectory())
      throw new BagsslError('bad-argument', `--out "${out}" is a file; name a folder.`);
    const own = await ownEncoder(values, progress, claims);
    const engine = engineOptions(values, progress);
    await checkThere('--photos', values.text('photos'));
    const path = values.text('data')!;
    const signal = interruption();
    const labels = claims.some((claim) => claim === 'C2' || claim === 'C6' || claim === 'authors');
    const open = async (split: 'train' | 'test') => {
      const { images, sayUnreadable } = await openImages(path, values, progress, { split, labels });
      const onProgress = (done: number, total: number) =>
        progress.show(done / total, `reading images, ${done} of ${total}`);
      // They are read many times, by measurements that need every one of them.
      const readable = await readableSet(images, { onProgress, signal });
      sayUnreadable();
      return readable;
    };
    const [train, test] = [await open('train'), await open('test')];
    const { workers: _workers, ...runtimeOptions } = engine;
    const runtime = await Runtime.open(runtimeOptions);
    const setting: Setting = { engine, runtime, train, test, progress, signal };
    const plan = planTime(own ? [] : claims, minutes, values.number('seeds'));
    const seed = values.number('seed') ?? 0;
    const seeds = Array.from({ length: plan.seeds }, (_, i) => seed + i);
    if (!own)
      progress.say(
        `${plan.subjects.length * plan.seeds} trainings (${plan.subjects.map(({ id }) => id).join(', ')}; ${plan.seeds} seed${plan.seeds === 1 ? '' : 's'}) in about ${duration(plan.training)}, then the measurements, on ${runtime.device}, ${runtime.threads} thread${runtime.threads === 1 ? '' : 's'}.`,
      );
    const found: Findings[] = [];
    const wall: [string, string][] = [];
    const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
      const from = elapsed();
      const result = await work();
      wall.push([`wall time, ${name}`, duration(elapsed() - from)]);
      return result;
    };
    const asks = (...some: Claim[]) => some.some((claim) => claims.includes(claim));
    const commit = await commitOfProgram();
    const by = (trained: readonly Trained[]) =>
      `${provenance(trained, `${runtime.device}, ${runtime.threads} threads`)} Commit ${commit ?? 'not known'}.`;

    if (asks('C1'))
      found.push(
        await timed('C1', () =>
          reproduceC1(
            runtime,
            [0, 1, 2].map((k) => seed + k),
          ),
        ),
      );
    if (own) found.push(await timed('C6', () => reproduceC6With(setting, own, 0.8 * 60 * minutes, seed)));
    const trained = plan.subjects.length
      ? await timed('training', () => trainAll(setting, plan.subjects, seeds, plan.training / 60))
      : [];
    /** Seconds for a part of weight `weight`, when parts of weight `rest` are still to come. */
    const left = (weight: number, rest: number) => Math.max(1, ((60 * minutes - elapsed()) * 0.95 * weight) / rest);
    const first = (subject: Trained['subject']) => trained.find((one) => one.subject === subject)!;
    let rest = plan.accuracy + plan.c4 + plan.maps;
    if (plan.accuracy > 0) {
      const compared = asks('C2') ? trained : trained.filter(({ subject }) => subject === MULTI_CROP);
      const asked = { c2: asks('C2'), c6: asks('C6') };
      await timed('C2, C6', async () => {
        const accuracy = await planAccuracy(setting, compared, left(plan.accuracy, rest));
        const readings = await measureAccuracy(setting, compared, accuracy);
        found.push(findingsOfAccuracy(readings, accuracy, asked, by(compared)));
      });
      rest -= plan.accuracy;
    }
    if (asks('C4')) {
      const one = first(MULTI_CROP);
      found.push(await timed('C4', () => reproduceC4(setting, one, left(plan.c4, rest), by([one]))));
      rest -= plan.c4;
    }
    if (asks('C5', 'C7')) {
      const both = [first(FIXED[0]), first(MULTI_CROP)];
      const asked = { c5: asks('C5'), c7: asks('C7') };
      const options = {
        data: path,
        photos: values.text('photos'),
        budget: left(plan.maps, rest),
        asked,
        made: by(both),
      };
      found.push(await timed('C5, C7', () => reproduceMaps(setting, both, options)));
    }
    if (asks('authors')) found.push(await timed('authors', () => reproduceAuthors(setting, commit)));

    const command = `npx bagssl reproduce ${asTyped(values)}`;
    const merged = {
      verdicts: found
        .flatMap(({ verdicts }) => verdicts)
        .sort((a, b) => CLAIMS.indexOf(a.claim) - CLAIMS.indexOf(b.claim)),
      tables: found.flatMap(({ tables }) => tables),
      figures: found.flatMap(({ figures }) => figures),
    };
    const facts: [string, string][] = [
      ['bagssl', `${VERSION}, commit ${commit ?? 'not known'}`],
      ['data', `${train.name}: ${train.length} training, ${test.length} test images`],
      ['device', `${runtime.device}${runtime.adapter ? ` (${runtime.adapter})` : ''}, ${runtime.threads} threads`],
      ['asked for', `${minutes} minutes, ${seeds.length} seed${seeds.length === 1 ? '' : 's'} from ${seed}`],
      ['took', duration(elapsed())],
      ...wall,
    ];
    const contents = { ...merged, command, facts, pixels: merged.figures.some(({ file }) => !file) };
    const page = await writeReproduction(out, contents, { version: VERSION, commit, minutes, seeds, claims });
    progress.clear();
    progress.say(`Wrote "${page}" after ${duration(elapsed())}.`);
    if (values.flag('json')) printJson({ page, seconds: Math.round(elapsed()), verdicts: merged.verdicts });
    else
      process.stdout.write(merged.verdicts.map(({ claim, verdict, why }) => `${claim}  ${verdict}: ${why}\n`).join(''));
  },
};

/** The encoder that --encoder names. @throws UsageError where another claim than C6 is asked for */
async function ownEncoder(values: Values, progress: Progress, claims: readonly Claim[]) {
  const encoder = await onnxEncoder(values, progress, undefined, false);
  if (!encoder && values.text('encoder') !== undefined)
    throw new UsageError(`--encoder must be an .onnx file, got "${values.text('encoder')}".`);
  if (encoder && claims.some((claim) => claim !== 'C6'))
    throw new UsageError('--encoder is for claim C6 alone: give --claims C6 too.');
  return encoder;
}

/** The options, as they were given. */
function asTyped(values: Values): string {
  return Object.keys(reproduce.options)
    .filter((name) => name !== 'json' && values.text(name) !== undefined)
    .map((name) => `--${name} ${JSON.stringify(values.text(name)).replace(/^"([\w./,-]+)"$/, '$1')}`)
    .join(' ');
}
