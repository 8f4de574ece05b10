// What the shards in a folder hold, and what is wrong with them.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';

/** Photos that have no vector; and the one that has none where test/scale/crash ends the process that opens it. */
const UNREADABLE = ['cut.png', 'empty.jpg', 'text.jpg'];
export const CRASHES = 'crash.jpg';

const cosine = (a, b) => {
  let [ab, aa, bb] = [0, 0, 0];
  for (let k = 0; k < a.length; k++) [ab, aa, bb] = [ab + a[k] * b[k], aa + a[k] ** 2, bb + b[k] ** 2];
  return ab / Math.sqrt(aa * bb);
};

/** Finished shards. */
export const shardsOf = (out) => readdirSync(out).filter((name) => /^[^.].*\.parquet$/.test(name));

/** Jobs that were begun and have no shard yet: their names, and the processes that began them. */
export function begun(out) {
  const folder = join(out, 'begun');
  return readdirSync(folder).flatMap((name) => {
    try {
      const lines = readFileSync(join(folder, name), 'utf8').trim().split('\n');
      return [{ name, pids: lines.map((line) => Number(line.split(' ')[0])) }];
    } catch {
      return []; // just finished
    }
  });
}

async function rowsOf(path) {
  const bytes = readFileSync(path);
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  const metadata = parquetMetadata(file);
  const skipped = metadata.key_value_metadata?.find(({ key }) => key === 'skipped')?.value ?? '[]';
  return { rows: await parquetReadObjects({ file, metadata }), skipped: JSON.parse(skipped) };
}

/** The rows and the skipped photos of a folder of shards. */
export async function readShards(out) {
  const parts = [];
  for (const name of shardsOf(out)) parts.push(await rowsOf(join(out, name)));
  return { rows: parts.flatMap(({ rows }) => rows), skipped: parts.flatMap(({ skipped }) => skipped) };
}

/** When each shard was written. */
export const writtenAt = (out) => shardsOf(out).map((name) => `${name} ${statSync(join(out, name)).mtimeMs}`);

/**
 * What is wrong with the shards in `out`, a sentence each.
 * @param photos all ids
 * @param crashes CRASHES is expected to have none
 * @param reference vectors by id, of one Python process; compared to rounding with `exact`
 * @param own vectors by id, of `bagssl embed`
 */
export async function faultsOf(out, model, { photos, crashes, reference, exact, own }) {
  const { rows, skipped } = await readShards(out);
  const digest = createHash('sha256').update(readFileSync(model)).digest('hex');
  const faults = [];
  const seen = new Map();
  for (const { id } of [...rows, ...skipped]) seen.set(id, (seen.get(id) ?? 0) + 1);
  const some = (ids, what) => {
    if (ids.length > 0) faults.push(`${ids.length} photos ${what}, such as ${ids[0]}`);
  };
  some(
    [...seen].filter(([, times]) => times > 1).map(([id]) => id),
    'are there twice',
  );
  some(
    photos.filter((id) => !seen.has(id)),
    'are missing',
  );
  some(
    [...seen.keys()].filter((id) => !photos.includes(id)),
    'are not in the folder',
  );
  some(
    rows.filter((row) => row.model !== digest).map(({ id }) => id),
    'have the digest of another model',
  );
  const without = skipped.map(({ id }) => id).sort();
  const expected = [...UNREADABLE, ...(crashes ? [CRASHES] : [])].sort();
  if (String(without) !== String(expected)) faults.push(`skipped are ${without}, not ${expected}`);
  const isOther = ({ id, vector }) => {
    const other = reference.get(id);
    if (!other) return false;
    return exact ? vector.some((value, k) => Math.abs(value - other[k]) > 1e-5) : cosine(vector, other) < 0.9999;
  };
  const unequal = rows.filter(isOther);
  some(
    unequal.map(({ id }) => id),
    'have other vectors than one process gives',
  );
  const compared = rows.filter(({ id }) => own.has(id));
  const least = Math.min(...compared.map(({ id, vector }) => cosine(vector, own.get(id))));
  if (!(least >= 0.9999)) faults.push(`the cosine with what bagssl embed gives is ${least}`);
  return { faults, rows: rows.length, skipped: without.length, compared: compared.length, least };
}
