import { createEmbedder, type Found } from '../src/index.ts';
import { readShards } from '../src/node.ts';
import { UsageError, type Values } from './command.ts';
import { onnxEncoder } from './onnx-encoder.ts';
import { Progress } from './progress.ts';
import { inOneLine } from './quoted.ts';
import { engineOptions, interruption } from './shared.ts';

/** The pictures nearest to a photo, of those whose vectors are in the Parquet files of --vectors. */
export async function similarInShards(values: Values, photo: string, count: number): Promise<Found[]> {
  const progress = new Progress();
  const encoder = await onnxEncoder(values, progress, undefined, false);
  if (!encoder) throw new UsageError('--vectors needs --encoder: the .onnx file that the vectors were made with.');
  const { index, skipped } = await readShards(values.text('vectors')!, {
    model: encoder.model,
    signal: interruption(),
    onProgress: (done, total) => progress.show(done / total, `reading ${done} of ${total} files`),
  });
  progress.clear();
  progress.say(`${index.size} vectors${skipped.length > 0 ? `; ${skipped.length} pictures have none` : ''}.`);
  if (values.flag('list-skipped'))
    for (const { file, reason } of skipped) progress.say(`  ${inOneLine(`${file}: ${reason}`)}`);
  const embedder = await createEmbedder({ ...engineOptions(values, progress), encoder });
  try {
    return index.search(await embedder.embed(photo), count);
  } finally {
    await embedder.dispose();
  }
}
