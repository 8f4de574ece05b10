import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseBagPlacement } from '../src/embed.ts';
import type { Accuracies } from '../src/evaluate.ts';
import { type Evaluation, evaluate as evaluateModel } from '../src/index.ts';
import { type Command, PATH, parsedBy, UsageError, whole } from './command.ts';
import { evaluateSearch } from './evaluate-search.ts';
import { checkThere } from './files.ts';
import { FOLDER_OPTIONS, openImages } from './folder-options.ts';
import { LAYOUT_OPTION, MODEL_OPTION, openModel, placementOf } from './model.ts';
import { encoderAddress, ONNX_OPTIONS, onnxEncoder } from './onnx-encoder.ts';
import { Progress } from './progress.ts';
import { checkReportFile, writeReport } from './report/write-report.ts';
import { ENGINE_OPTIONS, engineOptions, interruption, JSON_OPTION, printJson } from './shared.ts';

export const evaluate: Command = {
  summary: 'measure how good the vectors are, beside an untrained encoder and raw pixels',
  takes: [{ value: 'FOLDER', rule: PATH, optional: true, help: 'the same as --data' }],
  options: {
    model: { ...MODEL_OPTION, required: false },
    ...ONNX_OPTIONS,
    data: {
      value: 'PATH',
      rule: PATH,
      help: 'labelled images, one folder for each class, for nearest neighbours and to train the probe',
    },
    retrieval: {
      help: 'measure how well images of one class are found instead, beside hand-made vectors; needs no --model',
    },
    duplicates: { help: 'measure how often the original of an altered copy is found; needs no labels' },
    seed: { value: 'N', rule: whole(0), help: '--duplicates: of the altered copies; default 0' },
    test: { value: 'PATH', rule: PATH, help: 'test images; default: the test part of --data' },
    'train-images': { value: 'N', rule: whole(1), help: 'use the first N labelled images only' },
    'test-images': { value: 'N', rule: whole(1), help: 'use the first N test images only' },
    patches: {
      value: 'N|grid|tiles|all|dense|whole',
      rule: parsedBy(parseBagPlacement),
      help: 'N at random, a grid 5 across ("gridK": K across), tiles that overlap by half, every position, a dense bag, or the whole image as one; default grid3, for an .onnx file whole',
    },
    layout: LAYOUT_OPTION,
    report: { value: 'FILE.html', rule: PATH, help: 'write a page that shows the result, as one file' },
    ...FOLDER_OPTIONS,
    ...ENGINE_OPTIONS,
    json: JSON_OPTION,
  },
  async run(values) {
    const folderOrData = [values.text('folder'), values.text('data')].filter((path) => path !== undefined);
    if (folderOrData.length !== 1)
      throw new UsageError(
        `${folderOrData.length ? 'Both FOLDER and --data are given' : '--data is missing'}: give one.`,
      );
    const [path] = folderOrData;
    if (values.flag('retrieval') || values.flag('duplicates')) return evaluateSearch(path, values);
    if (values.text('seed') !== undefined) throw new UsageError('--seed is for --duplicates.');
    const progress = new Progress();
    const patches = values.text('patches');
    const folder = encoderAddress(values);
    const report = values.text('report');
    if (report !== undefined) await checkReportFile(report);
    const own = await onnxEncoder(values, progress, patches === undefined ? undefined : parseBagPlacement(patches));
    const { encoder, run, untrained } = own ? { encoder: own } : await openModel(folder, {}, values);
    const placement = placementOf(encoder, patches, 'grid3');
    if (report !== undefined && !run) {
      throw new UsageError(`--report shows a run, and "${folder}" is an encoder's file; give --model a run's folder.`);
    }
    const testPath = values.text('test');
    const [trainImages, testImages] = [values.number('train-images'), values.number('test-images')];
    const isWhole = testPath !== undefined;
    const engine = engineOptions(values, progress);
    await checkThere('--test', testPath);
    const shown = { whole: isWhole, labels: true, ...(own && { shortSide: own.shortSide(placement) }) } as const;
    const sets = [
      await openImages(path, values, progress, { ...shown, split: 'train', limit: trainImages }),
      await openImages(testPath ?? path, values, progress, { ...shown, split: 'test', limit: testImages }),
    ];
    const [train, test] = sets.map(({ images }) => images);
    const signal = interruption();
    const result = await evaluateModel({
      ...engine,
      encoder,
      untrained: untrained?.(),
      train,
      test,
      placement,
      signal,
      onProgress: (stage, share) => progress.show(share, stage),
    });
    progress.clear();
    for (const { sayUnreadable } of sets) sayUnreadable();
    if (run) await writeFile(join(folder, 'evaluation.json'), `${JSON.stringify(inJson(result), null, 1)}\n`);
    if (report !== undefined && run) {
      const typed = { model: folder, data: path, test: testPath, trainImages, testImages, patches: patches ?? 'grid3' };
      progress.show(0, 'report: patches and neighbours');
      // The device's warnings have been shown.
      const quiet = { ...engine, onWarning: () => {} };
      await writeReport({
        file: report,
        run,
        evaluation: result,
        train,
        test,
        placement,
        typed,
        engine: quiet,
        signal,
      });
      progress.say(`Wrote "${report}".`);
    }
    if (values.flag('json')) printJson(inJson(result));
    else process.stdout.write(table(result));
  },
};

/** An evaluation under the names that the command line's JSON has had since 0.1.0. */
function inJson(evaluation: Evaluation) {
  const { trainImages, testImages, neighbours, patches, whitened, mean, untrained, pixels, ...trained } = evaluation;
  const nearest = ({ knnK200, knnK20 }: Omit<Accuracies, 'linear'>) => ({ knn_k200: knnK200, knn_k20: knnK20 });
  const all = (found: Accuracies) => ({ ...nearest(found), linear: found.linear });
  return {
    ...all(trained),
    whitened: nearest(whitened),
    ...(mean && { mean: { ...all(mean), whitened: nearest(mean.whitened) } }),
    ...(untrained && { untrained: all(untrained) }),
    pixels: all(pixels),
    neighbours: nearest(neighbours),
    patches,
    train_images: trainImages,
    test_images: testImages,
  };
}

function table(result: Evaluation): string {
  const { neighbours } = result;
  // Where classes have few images, both k are the same.
  const large = neighbours.knnK200 > neighbours.knnK20 ? [0] : [];
  const line = (name: string, of: (column: number) => string) =>
    `${name.padEnd(22)}${[...large, 1, 2].map((column) => of(column).padStart(12)).join('')}`.trimEnd();
  const row = (name: string, { knnK200, knnK20, linear }: Omit<Accuracies, 'linear'> & Partial<Accuracies>) =>
    line(name, (column) => [knnK200, knnK20, linear][column]?.toFixed(3) ?? '');
  const trained = result.untrained ? 'trained' : 'as it is';
  return [
    `${result.trainImages} labelled images, ${result.testImages} test images, ${result.patches} patches an image`,
    '',
    line('accuracy', (column) => [`kNN k=${neighbours.knnK200}`, `kNN k=${neighbours.knnK20}`, 'linear'][column]),
    row(trained, result),
    row(`${trained}, whitened`, result.whitened),
    ...(result.mean ? [row('plain mean', result.mean), row('plain mean, whitened', result.mean.whitened)] : []),
    ...(result.untrained ? [row('untrained', result.untrained)] : []),
    row('raw pixels', result.pixels),
    '',
  ].join('\n');
}
