import { join } from 'node:path';
import { FEATURES } from '../src/embed.ts';
import { exportEmbedder, exportEncoder, exportStep, exportWeights } from '../src/export.ts';
import { loadCheckpoint } from '../src/node.ts';
import { parsePlacement } from '../src/patches.ts';
import { type Command, type Option, oneOf, PATH, parsedBy, type Rule, UsageError, type Values } from './command.ts';
import { checkFree, save } from './files.ts';
import { Progress } from './progress.ts';
import { JSON_OPTION, printJson } from './shared.ts';

const PIXELS = ['uint8', 'float32'] as const;
const WHAT = ['embedder', 'encoder', 'step', 'weights'] as const;
type What = (typeof WHAT)[number];
type Run = Awaited<ReturnType<typeof loadCheckpoint>>;

const IMAGE_SIZE: Rule = {
  asked: 'a width and a height, such as 224x160',
  fits: (text) => /^\d+x\d+$/i.test(text),
};

/** Options that belong to some kinds of export only. */
const OF: Readonly<Record<string, { readonly kinds: readonly What[]; readonly option: Option }>> = {
  'image-size': {
    kinds: ['embedder'],
    option: { value: 'WxH', rule: IMAGE_SIZE, help: 'embedder: size of the images you will give it, such as 224x224' },
  },
  patches: {
    kinds: ['embedder'],
    option: {
      value: 'grid|tiles|all',
      rule: parsedBy(parsePlacement),
      help: 'embedder: "gridK" is K across; default grid, 5 across',
    },
  },
  unit: { kinds: ['embedder'], option: { help: 'embedder: bring every vector to length 1' } },
  pixels: {
    kinds: ['embedder'],
    option: { value: 'TYPE', rule: oneOf(PIXELS), help: 'embedder: uint8 or float32, 0 to 255 in both; default uint8' },
  },
  feature: {
    kinds: ['embedder', 'encoder'],
    option: { value: 'NAME', rule: oneOf(FEATURES), help: `${FEATURES.join(', ')}; default preFeature` },
  },
  fresh: {
    kinds: ['step'],
    option: { help: 'step: start from the seed, not from where the run is' },
  },
};

export const exportModel: Command = {
  summary: 'write a run for other engines: .onnx, safetensors',
  options: {
    model: { value: 'DIR', rule: PATH, required: true, help: 'a folder that "bagssl train" wrote' },
    out: { value: 'PATH', rule: PATH, required: true, help: 'the file, or for a step the folder of its three files' },
    what: {
      value: 'KIND',
      rule: oneOf(WHAT),
      help: 'embedder (images to bags), encoder (patches to vectors), step (training), weights; default embedder',
    },
    ...Object.fromEntries(Object.entries(OF).map(([name, { option }]) => [name, option])),
    overwrite: { help: 'replace what is there' },
    json: JSON_OPTION,
  },
  async run(values) {
    const what = values.choice('what', WHAT) ?? 'embedder';
    for (const [name, { kinds }] of Object.entries(OF)) {
      const given = values.flag(name) || values.text(name) !== undefined;
      if (given && !kinds.includes(what))
        throw new UsageError(`--${name} is for --what ${kinds.join(' and ')}, not ${what}.`);
    }
    const out = values.text('out')!;
    const size = what === 'embedder' ? imageSize(values) : undefined;
    const run = await loadCheckpoint(values.text('model')!);
    const files = what === 'step' ? stepFiles(out, run, values) : { [out]: single(what, run, values, size) };
    await checkFree(Object.keys(files), values.flag('overwrite'));
    for (const [path, bytes] of Object.entries(files)) await save(path, bytes);
    const sizes = Object.entries(files).map(([path, { length }]) => ({ path, bytes: length }));
    const progress = new Progress();
    for (const { path, bytes } of sizes) progress.say(`Wrote "${path}" (${(bytes / 1e6).toFixed(1)} MB).`);
    if (values.flag('json')) printJson({ what, step: run.position.step, files: sizes });
  },
};

function single(
  what: What,
  { config, state }: Run,
  values: Values,
  size?: { width: number; height: number },
): Uint8Array {
  const network = {
    model: config.model,
    recipe: config.recipe,
    weights: state,
    feature: values.choice('feature', FEATURES),
  };
  if (what === 'weights') return exportWeights(network);
  if (what === 'encoder') return exportEncoder(network);
  return exportEmbedder({
    ...network,
    ...size!,
    placement: parsePlacement(values.text('patches') ?? 'grid'),
    unit: values.flag('unit'),
    pixels: values.choice('pixels', PIXELS),
  });
}

function stepFiles(folder: string, run: Run, values: Values): Record<string, Uint8Array | string> {
  const { model, state, manifest } = exportStep(run.config, values.flag('fresh') ? undefined : run);
  return {
    [join(folder, 'step.onnx')]: model,
    [join(folder, 'state.safetensors')]: state,
    [join(folder, 'step.json')]: `${JSON.stringify(manifest, null, 1)}\n`,
  };
}

function imageSize(values: Values): { width: number; height: number } {
  const text = values.text('image-size');
  if (text === undefined)
    throw new UsageError('--image-size is missing: an embedder takes images of one size, such as 224x224.');
  const [width, height] = text.split(/x/i).map(Number);
  return { width, height };
}
