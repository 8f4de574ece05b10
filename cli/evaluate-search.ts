import { type ImageSet, readableSet } from '../src/data.ts';
import { type BagPlacement, type EncoderSource, parseBagPlacement } from '../src/embed.ts';
import { evaluateRetrieval } from '../src/evaluate.ts';
import { createEmbedder } from '../src/index.ts';
import { alteredSet, type OpenDataOptions } from '../src/node.ts';
import { UsageError, type Values } from './command.ts';
import { checkThere, save } from './files.ts';
import { openImages } from './folder-options.ts';
import { checkNoLayout, openModel, untrainedOf } from './model.ts';
import { onnxEncoder } from './onnx-encoder.ts';
import { Progress } from './progress.ts';
import { searchPage } from './report/search-page.ts';
import { checkReportFile } from './report/write-report.ts';
import { searchJson, searchTable, searchText } from './search-table.ts';
import { type EngineOptions, engineOptions, interruption, printJson } from './shared.ts';

/** `evaluate --retrieval` and `--duplicates`: what vectors find in a folder, in one table. */
export async function evaluateSearch(path: string, values: Values): Promise<void> {
  const progress = new Progress();
  const report = values.text('report');
  const [byClass, byCopy] = [values.flag('retrieval'), values.flag('duplicates')];
  if (!byCopy && values.text('seed') !== undefined) throw new UsageError('--seed is for --duplicates.');
  if (!byClass && values.text('test') !== undefined) throw new UsageError('--test is for --retrieval.');
  if (!byClass && report !== undefined) throw new UsageError('--report shows what --retrieval found; give both.');
  if (report !== undefined) await checkReportFile(report);
  await checkThere('--test', values.text('test'));
  const patches = values.text('patches');
  const placement = patches === undefined ? undefined : parseBagPlacement(patches);
  const engine = engineOptions(values, progress);
  const signal = interruption();
  const { encoders, shown } = await encodersOf(values, progress, engine, placement);

  const opened = await openImages(path, values, progress, {
    ...shown,
    labels: byClass,
    whole: !byClass,
    limit: values.number('train-images'),
  });
  const asked = byClass ? await testImages(path, opened.images, shown, values, progress) : undefined;
  const readable = (set: ImageSet) =>
    readableSet(set, { signal, onProgress: (done, total) => progress.show(done / total, 'reading images') });
  const images = await readable(opened.images);
  const queries = asked && (await readable(asked));
  const seed = values.number('seed');
  const copies: Record<string, ImageSet> = byCopy
    ? { mild: alteredSet(images, 'mild', { seed }), strong: alteredSet(images, 'strong', { seed }) }
    : {};
  const rows = await evaluateRetrieval({
    ...engine,
    ...{ images, queries, copies, encoders, placement, signal },
    onProgress: (stage, share) => progress.show(share, stage),
  });
  progress.clear();
  opened.sayUnreadable();
  if (report !== undefined) {
    await save(report, await searchPage(rows, searchTable(rows, images, queries), images, queries ?? images));
    progress.say(`Wrote "${report}".`);
  }
  if (values.flag('json')) printJson(searchJson(rows, images, queries));
  else process.stdout.write(searchText(searchTable(rows, images, queries)));
}

/** The encoders to compare: untrained, the one that comes with the package, and the one that is given. */
async function encodersOf(
  values: Values,
  progress: Progress,
  engine: EngineOptions,
  placement: BagPlacement | undefined,
): Promise<{ encoders: Record<string, EncoderSource>; shown: OpenDataOptions }> {
  const address = values.text('encoder') ?? values.text('model');
  if (address === undefined) checkNoLayout(values);
  const onnx = address === undefined ? undefined : await onnxEncoder(values, progress, placement);
  const model = onnx || address === undefined ? undefined : await openModel(address, {}, values);
  const embedder = await createEmbedder({ ...engine, workers: 0 });
  const shipped = embedder.encoder;
  await embedder.dispose();
  const untrained = model ? model.untrained() : 'notes' in shipped ? undefined : untrainedOf(shipped);
  const given = onnx ?? model?.encoder;
  return {
    encoders: { ...(untrained && { untrained }), shipped, ...(given && { [address!]: given }) },
    // An .onnx file may see more detail than patches do.
    shown: onnx ? { shortSide: onnx.shortSide(placement ?? onnx.placement) } : {},
  };
}

const TRAINING = /^train(ing)?\//i;

/** The test images to search with: those of --test, or of a folder that is divided. Undefined: each image searches the others. */
async function testImages(
  path: string,
  bank: ImageSet,
  shown: OpenDataOptions,
  values: Values,
  progress: Progress,
): Promise<ImageSet | undefined> {
  const test = values.text('test');
  const open = async (from: string, whole: boolean) => {
    const { images } = await openImages(from, values, progress, {
      ...shown,
      labels: true,
      limit: values.number('test-images'),
      ...(whole ? { whole } : { split: 'test' }),
    });
    return images;
  };
  if (test !== undefined) return open(test, true);
  const divided = bank.files ? bank.files.every((file) => TRAINING.test(file)) : true;
  return divided ? open(path, false) : undefined;
}
