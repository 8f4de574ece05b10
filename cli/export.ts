import { join } from 'node:path';
import { FEATURES, type PatchEncoder } from '../src/embed.ts';
import { exportEmbedder, exportEncoder, exportSplitStep, exportStep, exportWeights } from '../src/export.ts';
import { createEmbedder } from '../src/index.ts';
import { parsePlacement } from '../src/patches.ts';
import {
  type Command,
  type Option,
  oneOf,
  PATH,
  parsedBy,
  type Rule,
  UsageError,
  type Values,
  whole,
} from './command.ts';
import { checkFree, save } from './files.ts';
import { checkNoLayout, LAYOUT_OPTION, MODEL_OPTION, type Model, openModel, seesWhole } from './model.ts';
import { Progress } from './progress.ts';
import { JSON_OPTION, printJson } from './shared.ts';

const PIXELS = ['uint8', 'float32'] as const;
const WHAT = ['embedder', 'encoder', 'step', 'gradient,update', 'weights'] as const;
type What = (typeof WHAT)[number];

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
      help: 'embedder: "gridK" is K across; default the encoder\'s, a grid 5 across',
    },
  },
  layout: { kinds: ['embedder'], option: { ...LAYOUT_OPTION, help: `embedder: ${LAYOUT_OPTION.help}` } },
  unit: { kinds: ['embedder'], option: { help: 'embedder: bring every vector to length 1' } },
  pixels: {
    kinds: ['embedder'],
    option: { value: 'TYPE', rule: oneOf(PIXELS), help: 'embedder: uint8 or float32, 0 to 255 in both; default uint8' },
  },
  feature: {
    kinds: ['embedder', 'encoder'],
    option: {
      value: 'NAME',
      rule: oneOf(FEATURES),
      help: `${FEATURES.join(', ')}; default preFeature, or what the encoder's file says`,
    },
  },
  fresh: {
    kinds: ['step', 'gradient,update'],
    option: { help: 'step: start from the seed, not from where the run is' },
  },
  slices: {
    kinds: ['gradient,update'],
    option: {
      value: 'N',
      rule: whole(1),
      help: "gradient,update: equal parts of a batch, of which every machine takes one or more; default the run's",
    },
  },
};

export const exportModel: Command = {
  summary: 'write a run for other engines: .onnx, safetensors',
  options: {
    model: {
      ...MODEL_OPTION,
      required: false,
      help: `${MODEL_OPTION.help}; default the encoder that comes with bagssl`,
    },
    out: { value: 'PATH', rule: PATH, required: true, help: 'the file, or for a step the folder of its files' },
    what: {
      value: 'KIND',
      rule: oneOf(WHAT),
      help: 'embedder (images to bags), encoder (patches to vectors), step (training), gradient,update (training on many machines), weights; default embedder',
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
    const path = values.text('model');
    const feature = values.choice('feature', FEATURES);
    if (path === undefined) checkNoLayout(values);
    const { encoder, run } = path === undefined ? await shipped() : await openModel(path, { feature }, values);
    if (feature && seesWhole(encoder)) {
      const named = path === undefined ? 'the one that comes with bagssl' : `"${path}"`;
      throw new UsageError(`--feature is for encoders of patches; ${named} sees whole images by a layout of its own.`);
    }
    const isStep = what === 'step' || what === 'gradient,update';
    if (isStep && !run) {
      const given =
        path === undefined ? 'the encoder that comes with bagssl has none' : `"${path}" is an encoder's file`;
      throw new UsageError(`A training step needs a run, and ${given}; give --model a run's folder.`);
    }
    const files = !isStep
      ? { [out]: single(what, encoder, values, size) }
      : what === 'step'
        ? stepFiles(out, run!, values)
        : splitFiles(out, run!, values);
    await checkFree(Object.keys(files), values.flag('overwrite'));
    for (const [path, bytes] of Object.entries(files)) await save(path, bytes);
    const sizes = Object.entries(files).map(([path, { length }]) => ({ path, bytes: length }));
    const progress = new Progress();
    for (const { path, bytes } of sizes) progress.say(`Wrote "${path}" (${(bytes / 1e6).toFixed(1)} MB).`);
    if (what === 'encoder' && seesWhole(encoder)) {
      progress.say('It makes vectors of patches. The layout that makes those of images is in --what embedder.');
    }
    if (values.flag('json')) printJson({ what, ...(run && { step: run.position.step }), files: sizes });
  },
};

/** The encoder that comes with the package. */
async function shipped(): Promise<Pick<Model, 'encoder' | 'run'>> {
  const embedder = await createEmbedder({ workers: 0 });
  await embedder.dispose();
  return { encoder: embedder.encoder as PatchEncoder };
}

function single(
  what: What,
  encoder: PatchEncoder,
  values: Values,
  size?: { width: number; height: number },
): Uint8Array {
  if (what === 'weights') return exportWeights(encoder);
  if (what === 'encoder') return exportEncoder(encoder);
  const patches = values.text('patches');
  return exportEmbedder(encoder, {
    ...size!,
    placement: patches === undefined ? undefined : parsePlacement(patches),
    unit: values.flag('unit'),
    pixels: values.choice('pixels', PIXELS),
  });
}

function stepFiles(
  folder: string,
  run: NonNullable<Model['run']>,
  values: Values,
): Record<string, Uint8Array | string> {
  const { model, state, manifest } = exportStep(run.config, values.flag('fresh') ? undefined : run);
  return {
    [join(folder, 'step.onnx')]: model,
    [join(folder, 'state.safetensors')]: state,
    [join(folder, 'step.json')]: `${JSON.stringify(manifest, null, 1)}\n`,
  };
}

function splitFiles(
  folder: string,
  run: NonNullable<Model['run']>,
  values: Values,
): Record<string, Uint8Array | string> {
  const config = { ...run.config, slices: values.number('slices') ?? run.config.slices };
  const { models, state, manifest } = exportSplitStep(config, values.flag('fresh') ? undefined : run);
  const files = Object.entries(models).map(([name, bytes]) => [join(folder, `${name}.onnx`), bytes]);
  return {
    ...Object.fromEntries(files),
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
