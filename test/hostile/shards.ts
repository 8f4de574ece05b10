import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { Stream } from '../../src/base/random.ts';
import { readShards } from '../../src/node.ts';
import { mutateBytes } from './mutate.ts';

const [MODEL, OTHER] = ['a'.repeat(64), 'b'.repeat(64)];
const ROWS = 40;

type Columns = Record<'id' | 'vector' | 'model', unknown[]>;

function shard(change: (columns: Columns) => void = () => {}, codec?: 'UNCOMPRESSED'): Uint8Array {
  const columns: Columns = {
    id: Array.from({ length: ROWS }, (_, k) => `${k % 3}/${k}.jpg`),
    vector: Array.from({ length: ROWS }, (_, k) => [k, 1 - k, 0.5]),
    model: Array(ROWS).fill(MODEL),
  };
  change(columns);
  const columnData = Object.entries(columns).map(([name, data]) => ({ name, data: data as never[], codec }));
  const kvMetadata = [{ key: 'skipped', value: JSON.stringify([{ id: 'cut.png', reason: 'cut short' }]) }];
  return new Uint8Array(parquetWriteBuffer({ columnData, kvMetadata, rowGroupSize: 16 }));
}

const whole = [shard(), shard(undefined, 'UNCOMPRESSED')];
/** Files that are Parquet, and no shards of the model. */
const WRONG: Readonly<Record<string, Uint8Array>> = {
  'of another model': shard(({ model }) => model.fill(OTHER)),
  'with a row of another model': shard(({ model }) => model.splice(ROWS - 1, 1, OTHER)),
  'with a row of no model': shard(({ model }) => model.splice(20, 1, null)),
  'with a longer vector': shard(({ vector }) => vector.splice(30, 1, [1, 2, 3, 4])),
  'with a shorter vector': shard(({ vector }) => vector.splice(30, 1, [1, 2])),
  'with an empty vector': shard(({ vector }) => vector.splice(30, 1, [])),
  'with no vector in a row': shard(({ vector }) => vector.splice(30, 1, null)),
  'with an id twice': shard(({ id }) => id.splice(7, 1, id[33])),
  'with no id in a row': shard(({ id }) => id.splice(7, 1, null)),
};

/** Shards in a folder of their own, which goes with the process. */
export function shardReader() {
  const folder = mkdtempSync(join(tmpdir(), 'bagssl-hostile-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'shard.parquet');
  return {
    next(s: Stream) {
      const kinds = Object.keys(WRONG);
      const kind = s.below(8) ? undefined : kinds[s.below(kinds.length)];
      const bytes = kind === undefined ? damaged(whole[s.below(whole.length)], s) : WRONG[kind];
      return {
        length: bytes.length,
        async read() {
          writeFileSync(file, bytes);
          const { index, model } = await readShards(file, { model: MODEL });
          if (kind !== undefined) throw new Error(`A shard ${kind} was taken.`);
          if (model !== MODEL || index.size > ROWS) throw new Error(`Taken as ${index.size} rows of ${model}.`);
        },
      };
    },
  };
}

/** Cut short, or changed: in two of three its end, which says where everything is. */
function damaged(bytes: Uint8Array, s: Stream): Uint8Array {
  if (s.below(10) === 0) return bytes.slice(0, s.below(bytes.length));
  if (s.below(3) === 0) return mutateBytes(bytes, s);
  const start = bytes.length - (s.below(4) ? 8 + s.below(600) : 8);
  const end = mutateBytes(bytes.slice(start), s);
  const changed = new Uint8Array(start + end.length);
  changed.set(bytes.subarray(0, start));
  changed.set(end, start);
  return changed;
}
