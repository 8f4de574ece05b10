// A folder of photos as jobs: the same jobs, under the same names, as ../python/photos.py makes.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, resolve, sep } from 'node:path';

const SUFFIXES = new Set(['.jpg', '.jpeg', '.png', '.webp', '.gif', '.bmp', '.tif', '.tiff', '.avif']);

/** SHA-256, hexadecimal. */
export const digestOf = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** Names of the finished shards in a folder, without their ending. */
export const shardsIn = async (out) =>
  (await readdir(out))
    .filter((name) => /^[^.].*\.parquet$/.test(name))
    .map((name) => name.slice(0, -'.parquet'.length));

/**
 * The jobs of a folder that have no shard. The same photos, model and size of a job make the same jobs.
 * @param options photos, model, out: paths; job: photos in a job; batch: photos in one run of the model
 */
export async function jobsOf({ photos, model, out, job, batch }) {
  const folder = resolve(photos);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const ids = entries
    .filter((entry) => entry.isFile() && SUFFIXES.has(extname(entry.name).toLowerCase()))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  if (ids.length === 0) throw new Error(`${folder} holds no photos (${[...SUFFIXES].join(' ')}).`);
  const shared = {
    photos: folder,
    model: resolve(model),
    digest: digestOf(await readFile(model)),
    out: resolve(out),
    batch,
  };
  const jobs = [];
  for (let start = 0; start < ids.length; start += job) {
    const part = ids.slice(start, start + job);
    const key = digestOf([shared.digest, batch, ...part].join('\0')).slice(0, 16);
    jobs.push({ name: `${String(jobs.length).padStart(6, '0')}-${key}`, ids: part, ...shared });
  }
  await mkdir(join(shared.out, 'begun'), { recursive: true });
  const done = new Set(await shardsIn(shared.out));
  const names = new Set(jobs.map(({ name }) => name));
  const others = [...done].filter((name) => !names.has(name));
  if (others.length > 0) {
    throw new Error(
      `${out} holds ${others.length} shards of other jobs, such as ${others[0]}: of another model, of other photos, or of jobs of another size. Give an empty folder; readers take several.`,
    );
  }
  return jobs.filter(({ name }) => !done.has(name));
}
