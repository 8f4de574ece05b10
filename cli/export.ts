import { join } from 'node:path';
import { FEATURES } from '../src/embed.ts';
import { exportEmbedder, exportEncoder, exportStep, exportWeights } from '../src/export.ts';
import { loadCheckpoint } from '../src/node.ts';
import { parsePlacement } from '../src/patches.ts';
import { checkFree, save } from './files.ts';
import { type Command, type Option, UsageError, type Values } from './options.ts';
import { Progress } from './progress.ts';
import { JSON_OPTION, printJson } from './shared.ts';

const WHAT = ['embedder', 'encoder', 'step', 'weights'] as const;
type What = (typeof WHAT)[number];
type Run = Awaited<ReturnType<typeof loadCheckpoint>>;

/** Options that belong to some kinds of export only. */
const OF: Readonly<Record<string, { readonly kinds: readonly What[]; readonly option: Option }>> = {
  'image-size': {
    kinds: ['embedder'],
    option: { type: 'string', value: 'WxH', help: 'embedder: size of the images it will be given, such as 224x224' },
  },
  patches: {
    kinds: ['embedder'],
    option: { type: 'string', value: 'grid|tiles|all', help: 'embedder: "gridK" is K across; default grid, 5 across' },
  },
  unit: { kinds: ['embedder'], option: { type: 'boolean', help: 'embedder: bring every vector to length 1' } },
  pixels: {
    kinds: ['embedder'],
    option: { type: 'string', value: 'TYPE', help: 'embedder: uint8 or float32, 0 to 255 in both; default uint8' },
  },
  feature: {
    kinds: ['embedder', 'encoder'],
    option: { type: 'string', value: 'NAME', help: `${FEATURES.join(', ')}; default preFeature` },
  },
  fresh: {
    kinds: ['step'],
    option: { type: 'boolean', help: 'step: begin where the seed began, not where the run stands' },
  },
};

export const exportModel: Command = {
  summary: 'hand a run over to other engines: .onnx, safetensors',
  options: {
    model: { type: 'string', value: 'DIR', required: true, help: 'a folder that "bagssl train" wrote' },
    out: { type: 'string', value: 'PATH', required: true, help: 'the file; for a step the folder of its three files' },
    what: {
      type: 'string',
      value: 'KIND',
      help: 'embedder (images to bags), encoder (patches to vectors), step (training), weights; default embedder',
    },
    ...Object.fromEntries(Object.entries(OF).map(([name, { option }]) => [name, option])),
    overwrite: { type: 'boolean', help: 'replace what is there' },
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
    pixels: values.choice('pixels', ['uint8', 'float32']),
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
    throw new UsageError('--image-size is missing: an embedder is made for images of one size, such as 224x224.');
  const [, width, height] = /^(\d+)x(\d+)$/i.exec(text) ?? [];
  if (width === undefined)
    throw new UsageError(`--image-size takes a width and a height, such as 224x160; got "${text}".`);
  return { width: Number(width), height: Number(height) };
}
