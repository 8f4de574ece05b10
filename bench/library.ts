import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { type Library, makeLibrary } from './library/make-library.ts';

/**
 * `bagssl index` on a library of photographs: `npm run bench -- library [--photos 20000] [--kills 10] [--heic FILE] [--folder DIR] [--json]`.
 * It makes photographs of 1600×1200 in folders by year and month; decodes every tenth, before and after the rest; ends `index` at
 * random moments with SIGKILL; lets it finish; and runs it again with nothing changed. It measures dist/, so build first. 20,000
 * photographs take 9 GB; DIR keeps them for the next time.
 */
const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    photos: { type: 'string', default: '20000' },
    kills: { type: 'string', default: '10' },
    heic: { type: 'string' },
    folder: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const report = (line: string) => console.error(line);
const folder = values.folder ? resolve(values.folder) : await mkdtemp(join(tmpdir(), 'bagssl-bench-'));
const place = `${folder}-index`;
const { openData } = (await import(pathToFileURL(resolve('dist/node.js')).href)) as typeof import('../src/node.ts');

/** Photographs a second, and ms of a processor for each, of decoding alone: every tenth, as many at once as the set reads. */
async function decodingAlone(): Promise<{ rate: number; cpu: number }> {
  const images = await openData(folder, { cacheBytes: 0 });
  const started = performance.now();
  const used = process.cpuUsage();
  let next = 0;
  let done = 0;
  const work = async () => {
    for (; next < images.length; ) {
      const index = next;
      next += 10;
      await Promise.resolve(images.image(index)).catch(() => undefined);
      done++;
    }
  };
  await Promise.all(Array.from({ length: 8 }, work));
  const { user, system } = process.cpuUsage(used);
  const found = { rate: (1000 * done) / (performance.now() - started), cpu: (user + system) / 1000 / done };
  report(`decoding alone: ${found.rate.toFixed(1)} photographs/s, ${found.cpu.toFixed(1)} ms of a processor each`);
  return found;
}

interface Ended {
  readonly seconds: number;
  readonly output: string;
  /** The most memory it had, MiB; Linux alone. */
  readonly peak: number;
  /** Of the processors, s; Linux alone. */
  readonly cpu: number;
}

/** Runs `index`. */
function index(): Promise<Ended> {
  const started = performance.now();
  const child = spawn(process.execPath, ['dist/cli.js', 'index', folder, '--place', place, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let [output, peak, cpu] = ['', 0, 0];
  child.stdout!.on('data', (text) => {
    output += text;
  });
  const watch = setInterval(() => {
    peak = Math.max(peak, peakOf(child));
    cpu = Math.max(cpu, cpuOf(child));
  }, 50);
  return new Promise((done) => {
    child.on('close', () => {
      clearInterval(watch);
      done({ seconds: (performance.now() - started) / 1000, output, peak, cpu });
    });
  });
}

function peakOf({ pid }: ChildProcess): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** User and system time, in ticks of 10 ms. */
function cpuOf({ pid }: ChildProcess): number {
  try {
    const [user, system] = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/, '').split(' ').slice(12, 14);
    return (Number(user) + Number(system)) / 100;
  } catch {
    return 0;
  }
}

/** Opens the index as the command does, and says over IPC when a picture is done. */
const TELLING = `
  const { openFolderIndex } = await import(${JSON.stringify(pathToFileURL(resolve('dist/node.js')).href)});
  await openFolderIndex(process.env.FOLDER, { place: process.env.PLACE, onProgress: (done) => process.send(done) });
`;

/** Ends an index that is made after some seconds. @returns when each picture was done, ms, and when it ended */
function killed(seconds: number): Promise<{ done: readonly number[]; at: number }> {
  const done: number[] = [];
  const child = spawn(process.execPath, ['--input-type=module', '-e', TELLING], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: { ...process.env, FOLDER: folder, PLACE: place },
  });
  child.on('message', () => done.push(performance.now()));
  let at = 0;
  setTimeout(() => {
    at = performance.now();
    child.kill('SIGKILL');
  }, 1000 * seconds);
  return new Promise((ended) => {
    child.on('close', () => ended({ done, at }));
  });
}

/** How many pictures the index on disk has. */
async function known(): Promise<number> {
  const [at] = existsSync(place) ? await readdir(place) : [];
  const name = at && (await readdir(join(place, at))).find((file) => file.startsWith('files-'));
  if (!name) return 0;
  const lines = readFileSync(join(place, at, name), 'utf8').split('\n');
  return lines.filter((line) => line.includes('"row"')).length;
}

await mkdir(folder, { recursive: true });
const note = join(folder, '.library.json');
const noted = await readFile(note, 'utf8').catch(() => undefined);
const { photos, unreadable }: Library = noted
  ? JSON.parse(noted)
  : await makeLibrary(folder, Number(values.photos), values.heic);
await writeFile(note, JSON.stringify({ photos, unreadable }));
await rm(place, { recursive: true, force: true });
report(`${photos} photographs in ${folder}, ${unreadable} of them unreadable`);

const before = await decodingAlone();

const lost: number[] = [];
for (let kill = 0; kill < Number(values.kills); kill++) {
  const before = await known();
  const { done, at } = await killed(5 + 15 * Math.random());
  const kept = (await known()) - before;
  if (kept < 0) throw new Error(`${-kept} of ${before} photographs are gone after a kill.`);
  // What was done but is not in the index: from the picture before the first of these.
  const since = done[kept] === undefined ? at : (done[kept - 1] ?? done[0]);
  lost.push((at - since) / 1000);
  report(`killed with ${done.length} done, ${kept} of them kept: ${lost.at(-1)!.toFixed(1)} s of work are lost`);
}

const first = await index();
const made = JSON.parse(first.output) as { embedded: number; moved: number; pictures: number; skipped: unknown[] };
const rate = made.embedded / first.seconds;
report(`index: ${made.embedded} in ${first.seconds.toFixed(1)} s, ${rate.toFixed(1)}/s, ${first.peak.toFixed(0)} MiB`);
if (made.pictures !== photos - unreadable)
  throw new Error(`${made.pictures} of ${photos - unreadable} are in the index.`);

const after = await decodingAlone();
const second = await index();
const again = JSON.parse(second.output) as { embedded: number; pictures: number };
if (again.embedded !== 0 || again.pictures !== made.pictures) throw new Error(`The second time: ${second.output}`);
report(`index, nothing changed: ${second.seconds.toFixed(2)} s, ${second.peak.toFixed(0)} MiB`);

const mean = (what: 'rate' | 'cpu') => (before[what] + after[what]) / 2;
const cpu = (1000 * first.cpu) / made.embedded;
const results = {
  photos,
  decoding_per_second: mean('rate'),
  index_per_second: rate,
  ratio: rate / mean('rate'),
  decoding_cpu_ms: mean('cpu'),
  index_cpu_ms: cpu,
  cpu_ratio: mean('cpu') / cpu,
  peak_mib: Math.max(first.peak, second.peak),
  most_lost_seconds: Math.max(0, ...lost),
  unchanged_seconds: second.seconds,
};
if (values.json) console.log(JSON.stringify(results));
else console.log(results);
await rm(place, { recursive: true });
if (!values.folder) await rm(folder, { recursive: true });
process.exit(0);
