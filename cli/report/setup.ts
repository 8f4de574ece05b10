import { compact, encoders } from '../../src/encoders.ts';
import type { ObjectiveChoice } from '../../src/objectives.ts';
import { presets } from '../../src/patches.ts';
import { type RunConfig, runConfig } from '../../src/train.ts';
import { duration } from '../progress.ts';
import { quoted } from '../quoted.ts';
import type { ReportContents } from './contents.ts';
import { type Html, html } from './html.ts';

/** What determined the run, how long it took, and the command that repeats it. */
export function setupSection(contents: ReportContents): Html {
  return html`<div class="wide"><table class="setup"><tbody>
    ${rows(contents).map(([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`)}
  </tbody></table></div>
  <h3>Do it again</h3>
  <pre><code>${repeatCommand(contents)}</code></pre>
  <p class="small">${
    inReach(contents.run.config)
      ? 'The command gives steps, not minutes, so the same seed draws the same patches in the same order. On the same engine with the same number of threads it repeats the figures.'
      : 'This run was set up in code, with settings that the command line does not offer. The command repeats only its budget, batch, rate and seed; run.json has the complete configuration.'
  }</p>`;
}

function rows({ run, evaluation, engine, typed, version }: ReportContents): [string, string][] {
  const { config, position } = run;
  const { encoder, projector } = config.model;
  const { size } = config.recipe;
  const { images, views, rate, warmup, budget } = config;
  const patches = position.step * images * views;
  return [
    ['seed', String(config.seed)],
    ['trained for', `${position.step} steps in ${duration(position.seconds)}`],
    ['budget', 'steps' in budget ? `${budget.steps} steps` : `${budget.minutes} min`],
    ['patches seen', `${number(patches)} (${images} images × ${views} patches a step)`],
    ['recipe', recipeText(config)],
    [
      'model',
      `patches of ${size} × ${size} px; ${encoderText(encoder)}; projector ${[...projector.hidden, projector.out].join(', ')}`,
    ],
    ['objective', partText(config.objective)],
    ['optimiser', partText(config.optimizer)],
    ['learning rate', `${rate} after ${warmup} steps of warm-up, then a cosine to zero`],
    ['evaluated on', `${number(evaluation.trainImages)} labelled and ${number(evaluation.testImages)} test images`],
    ['patches an image', `${evaluation.patches} (--patches ${typed.patches})`],
    ['evaluating device', `${engine.device}${engine.adapter ? ` (${engine.adapter})` : ''}`],
    ['threads', String(engine.threads)],
    ['bagssl', version],
  ];
}

function encoderText(encoder: RunConfig['model']['encoder']): string {
  if (encoder.kind === 'onnx') {
    const { name = 'an .onnx file', model, batchNorm, output } = encoder;
    return `${name} (${number(model.length)} bytes), batch norm ${batchNorm}${output === undefined ? '' : `, output ${output}`}`;
  }
  if (encoder.kind !== 'conv') {
    const { kind, ...options } = encoder;
    return settings({ kind: typeof kind === 'string' ? kind : `${kind.name}`, ...options });
  }
  const layers = encoder.widths.map((w, i) => `${w}${encoder.strides[i] > 1 ? `/${encoder.strides[i]}` : ''}`);
  return `3×3 convolutions ${layers.join(', ')}${encoder.residual ? ', residual' : ''}`;
}

type Part = RunConfig['objective'] | RunConfig['optimizer'];

/** The kind of an objective or an optimizer; of one that a program wrote itself its name. */
export const partName = (part: Part): string => ('name' in part ? part.name : part.kind);

const partText = (part: Part): string => ('name' in part ? part.name : settings(part));

export const number = (value: number): string => value.toLocaleString('en-GB');

function recipeText({ recipe }: RunConfig): string {
  const [preset] = Object.entries(presets).find(([, value]) => same(value, recipe)) ?? [];
  const { size, scale, flip, jitter, greyscale, blur, solarise, views } = recipe;
  const share = scale[0] === scale[1] ? `${scale[0]}` : `${scale[0]} to ${scale[1]}`;
  return `${preset ? `${preset}: ` : ''}crop of ${share} of the image to ${size} × ${size} px; mirrored with probability ${flip}; brightness ±${jitter.brightness}, contrast ±${jitter.contrast}, saturation ±${jitter.saturation}, hue ±${jitter.hue} with probability ${jitter.probability}; grey with probability ${greyscale}${blur ? `; blurred by σ ${blur.sigma.join(' to ')} px with probability ${blur.probability}` : ''}${solarise ? `; solarised with probability ${solarise.probability}` : ''}${views ? `; views differ in ${JSON.stringify(views)}` : ''}`;
}

const settings = ({ kind, ...rest }: { readonly kind: string }): string =>
  [kind, ...Object.entries(rest).map(([key, value]) => `${key} ${value}`)].join(', ');

/** Whether two values are equal as JSON, in any order of keys. */
const same = (a: unknown, b: unknown): boolean => sorted(a) === sorted(b);

const sorted = (value: unknown): string =>
  JSON.stringify(value, (_, v) => {
    // Only an encoder's own .onnx file is ever compared with it.
    if (v instanceof Uint8Array) return v.length;
    return v && typeof v === 'object' && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).sort()) : v;
  });

/** The further options of `bagssl train` that come closest to this run. */
function named({ model, objective, slices, precision }: RunConfig) {
  const usual = runConfig({ budget: { steps: 1 } });
  return {
    ...encoderOptions(model.encoder),
    ...(partName(objective) !== partName(usual.objective) && {
      objective: partName(objective) as ObjectiveChoice['kind'],
    }),
    ...(slices !== usual.slices && { slices }),
    ...(precision !== usual.precision && { precision }),
  };
}

function encoderOptions(encoder: RunConfig['model']['encoder']): Record<string, string> {
  if (encoder.kind === 'onnx') {
    const { name = 'encoder.onnx', batchNorm, output, size } = encoder;
    const frozen = batchNorm === 'frozen' && { 'batch-norm': batchNorm };
    return {
      encoder: quoted(name),
      ...frozen,
      ...(output !== undefined && { 'encoder-output': quoted(output) }),
      ...(size !== undefined && { 'encoder-size': String(size) }),
    };
  }
  const [preset] = Object.entries(encoders).find(([, value]) => same(value, encoder)) ?? [];
  return preset && preset !== 'compact' ? { encoder: preset } : {};
}

/** Whether `bagssl train` can repeat this run. */
function inReach(config: RunConfig): boolean {
  const { seed, images, views, rate, budget, model, recipe } = config;
  const { encoder, objective, slices, precision } = named(config) as ReturnType<typeof named> & { encoder?: string };
  const own = model.encoder.kind === 'onnx' && {
    model: { ...compact, encoder: model.encoder },
    recipe: { ...presets.cifar16, size: recipe.size },
  };
  const preset = encoder && { model: { ...compact, encoder: encoders[encoder as keyof typeof encoders] } };
  const told = {
    ...{ seed, images, views, rate, budget },
    ...(own || preset),
    ...(objective && { objective: { kind: objective } }),
    ...(slices && { slices }),
    ...(precision && { precision }),
  };
  return same(runConfig(told), config);
}

/** A command that trains and evaluates in the same way. */
export function repeatCommand({ run: { config, position }, typed }: ReportContents): string {
  const { seed, images, views, rate } = config;
  const more = Object.entries(named(config)).map(([name, value]) => ` --${name} ${value}`);
  const model = quoted(typed.model);
  const data = quoted(typed.data);
  const test = typed.test === undefined ? '' : ` --test ${quoted(typed.test)}`;
  const limit = (name: string, images?: number) => (images === undefined ? '' : ` --${name}-images ${images}`);
  const part = `${limit('train', typed.trainImages)}${limit('test', typed.testImages)}`;
  return [
    `npx bagssl train --data ${data} --out ${model} --overwrite --steps ${position.step} --batch ${images} --views ${views} --rate ${rate} --seed ${seed}${more.join('')}`,
    `npx bagssl evaluate --model ${model} --data ${data}${test}${part} --patches ${typed.patches} --report report.html`,
  ].join(' \\\n  && ');
}
