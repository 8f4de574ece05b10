// Photos, embedders, and the vectors that the engines' are compared with.
import { existsSync, linkSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { built } from '../../scripts/lib/built.mjs';
import { node, run } from '../../scripts/lib/run.mjs';
import { readShards } from './shards.mjs';

export const PROGRAM = resolve('examples/scale/run.sh');
/** What ends the processes that open crash.jpg, in Python and in Node. */
export const CRASH = {
  PYTHONPATH: resolve('test/scale/crash'),
  NODE_OPTIONS: `--import=${pathToFileURL(resolve('test/scale/crash/crash.mjs'))}`,
};

/** What the result of a program says, if it succeeded. @throws Error */
export async function must(what, result) {
  const { status, output } = await result;
  if (status !== 0) throw new Error(`${what} ended with ${status}.\n${output}`);
  return output;
}

/** Runs the command line. @throws Error */
export const cli = (...args) =>
  must(`bagssl ${args[0]}`, node(['dist/cli.js', ...args], { held: false, capture: true, quiet: true }));

/**
 * The places of a test's files, with its photos and embedders made.
 * @param count photos
 * @param patches of the embedder; fewer than its 25 where many photos are to pass in little time
 */
export async function prepare(count, patches = 'grid5') {
  if (!built('.')) await must('The build', node(['scripts/build.mjs']));
  const root = resolve('build/scale');
  const photos = join(root, `photos-${count}`);
  mkdirSync(root, { recursive: true });
  await must('The virtual environment', run(PROGRAM, ['python', '--install']));
  if (!existsSync(join(photos, 'cut.png'))) {
    console.log(`Making ${count} photos …`);
    const python = resolve('examples/scale/python/.venv/bin/python');
    await must('Making photos', run(python, ['test/scale/make_photos.py', photos, String(count)]));
  }
  const [model, other] = [join(root, 'embedder.onnx'), join(root, 'other.onnx')];
  for (const [size, out] of [
    ['64x64', model],
    ['48x48', other],
  ]) {
    await cli(
      'export',
      '--model',
      'models/cifar10.safetensors',
      '--image-size',
      size,
      '--patches',
      patches,
      '--out',
      out,
      '--overwrite',
    );
  }
  const ids = readdirSync(photos, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(photos.length + 1));
  return { count, root, photos, ids, model, other };
}

/** A folder of a thousand of the photos, which they are compared by; all, where there are no more. */
function sampleOf({ count, photos, ids }) {
  if (count <= 1000) return photos;
  const sample = `${photos}-sample`;
  const step = Math.floor(ids.length / 1000);
  for (const id of ids.filter((id, k) => k % step === 0 || !/^\d/.test(id))) {
    const place = join(sample, id);
    mkdirSync(dirname(place), { recursive: true });
    if (!existsSync(place)) linkSync(join(photos, id), place);
  }
  return sample;
}

/** Vectors of one process without an engine, and of `bagssl embed`. */
export async function references(places, job) {
  const { count, root, model } = places;
  const sample = sampleOf(places);
  console.log('Embedding in one process, and by bagssl embed …');
  const plain = join(root, `one-process-${count}-${job}`);
  // crash.jpg ends it twice. After that it is decoded in a process of its own, which it ends too, and is listed.
  const args = ['python', sample, model, plain, '--job', String(job)];
  const alone = () => run(PROGRAM, args, { env: CRASH, capture: true, quiet: true });
  await alone();
  await alone();
  console.log(`  ${(await must('One process', alone())).trim()}`);
  const own = join(root, `bagssl-${count}.parquet`);
  if (!existsSync(own)) await cli('embed', '--data', sample, '--encoder', model, '--out', own);
  const rows = await parquetReadObjects({ file: await asyncBufferFromFile(own) });
  return {
    plain,
    reference: new Map((await readShards(plain)).rows.map(({ id, vector }) => [id, vector])),
    own: new Map(rows.map(({ file, vector }) => [file, vector])),
  };
}
