// A shard: there whole, under its job's name, or not at all.
import { open, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';

const REQUIRED = { repetition_type: 'REQUIRED' };
const TEXT = { ...REQUIRED, type: 'BYTE_ARRAY', converted_type: 'UTF8' };
const SCHEMA = [
  { name: 'root', num_children: 3 },
  { ...TEXT, name: 'id' },
  { ...REQUIRED, name: 'vector', converted_type: 'LIST', num_children: 1 },
  { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  { ...REQUIRED, name: 'element', type: 'FLOAT' },
  { ...TEXT, name: 'model' },
];

let written = 0;

/**
 * Writes a job's shard under another name, and renames it when it is on the disk.
 * @param rows ids and vectors
 * @param skipped photos without a vector, with the reasons
 */
export async function writeShard({ name, out, digest }, rows, skipped) {
  const bytes = parquetWriteBuffer({
    schema: SCHEMA,
    columnData: [
      { name: 'id', data: rows.map(({ id }) => id) },
      { name: 'vector', data: rows.map(({ vector }) => Array.from(vector)), codec: 'UNCOMPRESSED', statistics: false },
      { name: 'model', data: rows.map(() => digest) },
    ],
    kvMetadata: [{ key: 'skipped', value: JSON.stringify(skipped) }],
    createdBy: 'bagssl',
  });
  // A name of this call's own: a job that was given out again may be written twice at a time.
  const part = join(out, `.${name}.${hostname()}.${process.pid}.${written++}`);
  try {
    const file = await open(part, 'w');
    try {
      await file.writeFile(new Uint8Array(bytes));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, join(out, `${name}.parquet`));
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}
