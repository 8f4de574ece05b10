import { stat } from 'node:fs/promises';
import { describeModel } from '../src/encoders.ts';
import { inspectOnnx, loadEncoder, type OnnxInspection } from '../src/node.ts';
import { type Command, PATH } from './command.ts';
import { isOnnx, ONNX_OPTIONS, onnxOptions } from './onnx-encoder.ts';
import { Progress } from './progress.ts';
import { ENGINE_OPTIONS, engineOptions, interruption, JSON_OPTION, printJson } from './shared.ts';

const { encoder: _, ...OPTIONS } = ONNX_OPTIONS;
const { workers: _workers, ...ENGINE } = ENGINE_OPTIONS;

export const inspect: Command = {
  summary: 'say what an encoder is: whether it embeds, whether it can be trained, and what stands against it',
  takes: [
    {
      value: 'FILE',
      rule: PATH,
      help: 'an .onnx file, by path or URL; an encoder\'s file (.safetensors); or a folder that "bagssl train" wrote',
    },
  ],
  options: { ...OPTIONS, ...ENGINE, json: JSON_OPTION },
  async run(values) {
    const file = values.text('file')!;
    const isFolder = await stat(file).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (isFolder || (!isOnnx(file) && /\.safetensors$/i.test(file))) {
      const found = await inspectEncoder(file);
      if (values.flag('json')) printJson(found.json);
      else process.stdout.write(found.text);
      return;
    }
    const progress = new Progress();
    const { workers: _none, ...engine } = engineOptions(values, progress);
    const found = await inspectOnnx(/^[a-z]+:\/\//i.test(file) ? new URL(file) : file, {
      ...engine,
      onnx: onnxOptions(values),
      signal: interruption(),
      onProgress: (done, total) => progress.show(done / total, 'reading the encoder'),
    });
    progress.clear();
    if (values.flag('json')) printJson(found);
    else process.stdout.write(textOf(found));
  },
};

const number = (value: number): string => value.toLocaleString('en');
const size = (bytes: number): string =>
  bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
const dims = (extents: readonly (number | string)[] | undefined): string =>
  extents ? ` [${extents.map((extent) => extent || '?').join(', ')}]` : '';

/** What `inspect` prints. */
function textOf(found: OnnxInspection): string {
  const { file, bytes, exporter, opsets, operators, nodes, functions, inputs, outputs, weights, quantised, data } =
    found;
  // Some exporters list every domain there is.
  const isUsed = (domain: string) => Object.keys(operators).some((type) => type.startsWith(`${domain}.`));
  const sets = Object.entries(opsets).flatMap(([domain, version]) =>
    domain === 'ai.onnx' ? `opset ${version}` : isUsed(domain) ? `${domain} ${version}` : [],
  );
  const counts = Object.entries(weights).map(([type, count]) => `${number(count)} in ${type}`);
  const lines = [
    `${file}: ${size(bytes)}, ${[exporter || 'exporter not named', ...sets].join(', ')}`,
    ...inputs.map((value) => `  input    ${value.name} ${value.type}${dims(value.dims)}`),
    ...outputs.map((value) => `  output   ${value.name} ${value.type}${dims(value.dims)}`),
    `  network  ${nodes} nodes${functions ? `, ${functions} functions` : ''}${quantised ? ', quantised' : ''}`,
    `  weights  ${counts.join(', ') || 'none'}`,
    ...data.map(
      ({ file, needed, bytes, problem }) =>
        `  data     ${file}, ${size(bytes ?? needed)}: ${problem ? 'MISSING OR CUT SHORT' : 'found'}`,
    ),
    '',
    ...asItIs(found),
    '',
    ...training(found),
    '',
    'Values to cut at (--encoder-output):',
    ...found.candidates.map(
      ({ name, what, chosen, ...value }) => `  ${chosen ? '*' : ' '} ${name}${dims(value.dims)}: ${what}`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function asItIs({ asItIs: { runs, reason, input, output, width, notes } }: OnnxInspection): string[] {
  if (!runs) return ['Embeds as it is: no', `  - ${reason}`];
  const { rows, columns, channels, layout, type, range, mean, std, fit, crop, interpolation, batch } = input!;
  const values =
    type === 'uint8' || type === 'int32' ? '0 to 255' : `0 to ${range}, mean ${mean.join(', ')}, std ${std.join(', ')}`;
  const middle = `the middle ${crop.toFixed(3)} of the sides`;
  const part =
    fit === 'stretch' ? `stretched${crop === 1 ? '' : `, ${middle}`}` : crop === 1 ? 'the largest middle box' : middle;
  return [
    `Embeds as it is: yes, ${width} numbers, "${output!.name}"`,
    `  input    ${channels} ${rows}×${columns} px, ${layout}, ${type}, ${values}`,
    `           ${interpolation}, ${part}${batch === undefined ? '' : `, ${batch} at a time`}`,
    `  pooling  ${output!.pool === 'first' ? 'the first token' : 'the mean over positions or tokens, where there are any'}`,
    ...notes.map((note) => `  - ${note}`),
  ];
}

function training({ training: read }: OnnxInspection): string[] {
  const { reads, blockers, tensors, parameters, constants, width, size, sizeOpen } = read;
  if (!reads) {
    const rows = blockers.map(({ reason, nodes, first }) => {
      const where = first === undefined ? '' : nodes > 1 ? ` ${nodes} nodes, the first: ${first}.` : ` ${first}.`;
      return `  - ${reason}${where}`;
    });
    return [`Trains: no, for ${blockers.length === 1 ? 'one reason' : `${blockers.length} reasons`}`, ...rows];
  }
  return [
    `Trains: yes, ${number(parameters)} parameters in ${tensors} tensors`,
    `  patches  ${size} px${sizeOpen ? '; the file leaves the size open: set it with --encoder-size' : ''}, to ${width} numbers`,
    ...(constants > parameters
      ? [`  - Most of its numbers are constants that do not train: ${number(constants)}.`]
      : []),
  ];
}

/** What is in a file that `PatchEncoder.write` made, or in a run. */
async function inspectEncoder(path: string) {
  const { encoder, run } = await loadEncoder(path);
  const { model, recipe, feature, placement, whitening } = encoder;
  const layout = typeof encoder.layout === 'object' ? encoder.layout.kind : encoder.layout;
  const { tensors, parameters } = describeModel(model, recipe.size).encoder;
  const kind = model.encoder.kind;
  const json = {
    path,
    kind,
    tensors,
    parameters,
    size: recipe.size,
    scale: recipe.scale,
    mean: recipe.mean,
    std: recipe.std,
    feature,
    placement,
    layout,
    whitened: whitening !== undefined,
    ...(run && { step: run.position.step }),
  };
  const lines = [
    `${path}: ${run ? `a run, ${run.position.step} steps` : 'an encoder'}`,
    `  network  ${kind}, ${number(parameters)} parameters in ${tensors} tensors`,
    `  patches  ${recipe.size} px, ${recipe.scale.map((share) => Number(share.toPrecision(3))).join(' to ')} of an image's area`,
    `  vector   ${feature}${whitening ? ', whitened' : ''}`,
    `  bag      ${JSON.stringify(placement)}, ${layout}`,
  ];
  return { json, text: `${lines.join('\n')}\n` };
}
