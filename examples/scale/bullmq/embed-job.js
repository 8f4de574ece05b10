// What a worker does with a job: embeds its photos, and writes its shard.
import { access, appendFile, readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createEmbedder } from 'bagssl';
import { decode, decodeApart } from './decode.js';
import { digestOf } from './jobs.js';
import { writeShard } from './shard.js';

/** A job that was begun this often and has no shard: a photo of it may be what ends its workers. */
const SUSPECT = 2;

/** Errors that say nothing of the photo: the job fails, and is tried again. */
const NOT_ITS_FAULT = ['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EIO', 'ESTALE', 'NO_DECODER'];

let opened;

/** The embedder of this process. One thread: a machine runs as many workers as it has cores. */
async function embedderOf({ model, digest }) {
  if (opened?.digest === digest) return opened.embedder;
  const bytes = await readFile(model);
  if (digestOf(bytes) !== digest) throw new Error(`${model} is not the model that the jobs were made for (${digest}).`);
  await opened?.embedder.dispose();
  opened = { digest, embedder: await createEmbedder({ encoder: new Uint8Array(bytes), threads: 1 }) };
  return opened.embedder;
}

/** Embeds the photos of a job. Returns how many have a vector. */
export async function embedJob(job) {
  const { name, ids, photos, out, batch } = job;
  const shard = join(out, `${name}.parquet`);
  // Given out again after its worker had finished it.
  if (
    await access(shard).then(
      () => true,
      () => false,
    )
  )
    return 0;
  const begun = join(out, 'begun', name);
  await appendFile(begun, `${process.pid} ${hostname()}\n`);
  const times = (await readFile(begun, 'utf8')).trim().split('\n').length;
  const embedder = await embedderOf(job);
  const shortSide = embedder.encoder.shortSide(embedder.encoder.placement);
  const [rows, skipped] = [[], []];
  for (let start = 0; start < ids.length; start += batch) {
    const [names, images] = [[], []];
    for (const id of ids.slice(start, start + batch)) {
      try {
        images.push(await (times > SUSPECT ? decodeApart : decode)(join(photos, id), shortSide));
        names.push(id);
      } catch (error) {
        if (NOT_ITS_FAULT.includes(error.code)) throw error;
        skipped.push({ id, reason: error.message });
      }
    }
    for await (const { index, vector } of embedder.bags(images)) rows.push({ id: names[index], vector });
  }
  await writeShard(job, rows, skipped);
  await rm(begun, { force: true });
  return rows.length;
}
