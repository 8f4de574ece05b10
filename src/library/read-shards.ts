import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SearchIndex } from '../bag/search-index.ts';
import { checkAborted } from '../base/aborted.ts';
import { BagsslError } from '../base/errors.ts';
import { checkOptions, FUNCTION, given, type Rules, SIGNAL } from '../base/options.ts';
import { sha256 } from '../base/sha256.ts';
import { isA } from '../base/values.ts';
import type { SkippedFile } from '../data/image-set.ts';

/** Which shards are read, and how. */
export interface ReadShardsOptions {
  /** The embedder that queries come from: its .onnx file, or the file's SHA-256 in hexadecimal. Shards of another are refused. */
  readonly model?: Uint8Array | string;
  /** Stops it with `aborted` before the next file. */
  readonly signal?: AbortSignal;
  /** Called after every file: how many are read, of how many. */
  readonly onProgress?: (done: number, total: number) => void;
}

const RULES: Rules<ReadShardsOptions> = {
  model: {
    asked: "an .onnx file's bytes, or 64 hexadecimal digits",
    fits: (value) => isA(value, 'Uint8Array') || (typeof value === 'string' && /^[0-9a-f]{64}$/i.test(value)),
  },
  signal: SIGNAL,
  onProgress: FUNCTION,
};

/** What many files of vectors hold. */
export interface Shards {
  /** All vectors, under their ids. */
  readonly index: SearchIndex;
  /** SHA-256 of the model that they come from; undefined where the files do not say, as those of `bagssl embed`. */
  readonly model: string | undefined;
  /** Images without a vector, and why, as the files list them. */
  readonly skipped: readonly SkippedFile[];
}

/** A row of a shard. `bagssl embed` writes names as `file`, and numbers as `id`. */
interface Row {
  readonly id?: string | number | bigint;
  readonly file?: string;
  readonly vector: ArrayLike<number>;
  readonly model?: string;
}

/**
 * Parquet shards as one index: those of the programs in `examples/scale/`, and those of `bagssl embed --shard`. Names that begin
 * with a dot or an underscore are left out, as of unfinished files. For Node and Deno.
 * @param places files, and folders whose .parquet files are read
 * @throws BagsslError `bad-data` for a file that cannot be read, shards of several models or of another than `model`, an id that is
 * there twice, a folder without shards; `shape-mismatch` for vectors of several widths; `aborted`
 */
export async function readShards(places: string | readonly string[], options: ReadShardsOptions = {}): Promise<Shards> {
  given(typeof places === 'string' || Array.isArray(places), places, 'places', 'a path, or a list of paths');
  checkOptions('readShards', options, RULES);
  const { model, signal, onProgress } = options;
  const wanted = typeof model === 'object' ? await sha256(model) : model?.toLowerCase();
  const files = (await Promise.all([places].flat().map(filesIn))).flat();
  const from = new Map<string, string>();
  const skipped: SkippedFile[] = [];
  let index: SearchIndex | undefined;
  let first: { readonly file: string; readonly model: string | undefined } | undefined;
  for (const [done, file] of files.entries()) {
    checkAborted(signal, `Reading shards was stopped; ${done} of ${files.length} are read.`);
    const { rows, left } = await readShard(file);
    skipped.push(...left);
    for (const row of rows) {
      const id = String(row.file ?? row.id);
      first ??= { file, model: row.model };
      if (wanted !== undefined && row.model !== wanted) throw otherModel(file, row.model, 'the model is', wanted);
      if (row.model !== first.model) throw otherModel(file, row.model, `"${first.file}" has those of`, first.model);
      if (from.has(id)) {
        throw new BagsslError('bad-data', `"${id}" is in "${from.get(id)}" and in "${file}"; give one of the two.`);
      }
      from.set(id, file);
      index ??= new SearchIndex(row.vector.length);
      index.add(id, Float32Array.from(row.vector));
    }
    onProgress?.(done + 1, files.length);
  }
  if (!index) throw new BagsslError('bad-data', `${[places].flat().join(', ')}: no vectors in ${files.length} shards.`);
  return { index, model: first?.model, skipped };
}

const otherModel = (file: string, model: string | undefined, what: string, other: string | undefined) =>
  new BagsslError(
    'bad-data',
    `"${file}" has vectors of ${model ?? 'an unnamed model'}, and ${what} ${other ?? 'an unnamed one'}. Vectors of two models cannot be compared; embed with one.`,
  );

async function filesIn(place: string): Promise<string[]> {
  const found = await stat(place).catch((cause) => {
    throw new BagsslError('bad-data', `"${place}" cannot be read: ${cause.message}.`, { cause });
  });
  if (!found.isDirectory()) return [place];
  const names = (await readdir(place)).filter((name) => /^[^._].*\.parquet$/i.test(name)).sort();
  if (names.length > 0) return names.map((name) => join(place, name));
  throw new BagsslError('bad-data', `"${place}" holds no .parquet file.`);
}

async function readShard(file: string): Promise<{ rows: readonly Row[]; left: SkippedFile[] }> {
  const { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, parquetSchema } = await import('hyparquet');
  try {
    const buffer = await asyncBufferFromFile(file);
    const metadata = await parquetMetadataAsync(buffer);
    const there = new Set(parquetSchema(metadata).children.map(({ element }) => element.name));
    const columns = ['id', 'file', 'vector', 'model'].filter((name) => there.has(name));
    if (!there.has('vector') || !(there.has('id') || there.has('file'))) {
      throw new Error(`its columns are ${[...there].join(', ')}, not id, vector and model`);
    }
    const rows: Row[] = [];
    for (const { num_rows } of metadata.row_groups) {
      const [rowStart, rowEnd] = [rows.length, rows.length + Number(num_rows)];
      // One column at a time: of several that fail, hyparquet leaves all but the first as rejections that nobody handles.
      const parts: Row[][] = [];
      for (const name of columns) {
        const part = await parquetReadObjects({ file: buffer, metadata, columns: [name], rowStart, rowEnd });
        parts.push(part as unknown as Row[]);
      }
      if (parts.some(({ length }) => length !== rowEnd - rowStart)) throw new Error('its columns differ in length');
      for (let k = 0; k < rowEnd - rowStart; k++) rows.push(Object.assign({}, ...parts.map((part) => part[k])));
    }
    const lacks = rows.findIndex((row) => (row.file ?? row.id) == null || !(row.vector?.length > 0));
    if (lacks >= 0) throw new Error(`row ${lacks} has no id or no vector`);
    const list = metadata.key_value_metadata?.find(({ key }) => key === 'skipped')?.value ?? '[]';
    const left = (JSON.parse(list) as { id: string; reason: string }[]).map(({ id, reason }) => ({ file: id, reason }));
    return { rows, left };
  } catch (cause) {
    throw new BagsslError('bad-data', `"${file}" cannot be read as a shard: ${(cause as Error).message}.`, { cause });
  }
}
