import { parseArgs } from 'node:util';
import { builtinScenes } from '../src/data.ts';
import { PatchEncoder } from '../src/embed.ts';
import { createEmbedder, evaluate, fit, openRun } from '../src/index.ts';
import { presets } from '../src/patches.ts';
import { checkDevice } from '../src/runtime.ts';
import { initialWeights, memoryStore, type RunConfig } from '../src/train.ts';
import { collectGarbage, MIB, status, watchBuffers, watchHeaps } from './watch.ts';

/**
 * `npm run soak -- [--deno] [--minutes N] [--device D] [--pause SECONDS]` (npm run bench -- soak): trains, saves, embeds and evaluates in rounds,
 * opening and disposing of everything in each, and watches the process (Linux). Fails if memory grows by more than 1 MiB a
 * minute after the first five minutes (or the first half of a shorter soak), or if GPU buffers or handles are left behind.
 */
const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    minutes: { type: 'string', default: '60' },
    device: { type: 'string', default: 'wasm' },
    pause: { type: 'string', default: '0' },
  },
});
const device = checkDevice(values.device);
const minutes = Number(values.minutes);
const MOST_SLOPE = 1;
const STEPS = 20;

const heaps = watchHeaps();
const buffers = watchBuffers();
const size = 8;
const run: Partial<RunConfig> = {
  recipe: { ...presets.cifar16, size },
  model: {
    encoder: { kind: 'conv', widths: [8, 16], strides: [1, 2], residual: false },
    projector: { hidden: [32], out: 16 },
  },
  images: 8,
  views: 2,
  schedule: { kind: 'constant' },
};
const [data, test] = (['train', 'test'] as const).map((split) => builtinScenes({ split, count: 40 }));
const engine = { device, threads: 1, workers: 1 } as const;
const store = memoryStore();

/** What a round leaves behind. */
interface Row {
  readonly minute: number;
  readonly rss: number;
  readonly used: number;
  readonly heaps: number;
  readonly handles: number;
  readonly gpu_buffers?: number;
}

const rows: Row[] = [];
const started = performance.now();
const minute = () => (performance.now() - started) / 60_000;
let steps = 0;
for (let round = 1; minute() < minutes; round++) {
  await oneRound();
  await collectGarbage();
  const { heapUsed, arrayBuffers, external } = process.memoryUsage();
  const row: Row = {
    minute: minute(),
    rss: status('VmRSS') ?? 0,
    used: (heapUsed + arrayBuffers + external) / MIB,
    heaps: heaps(),
    handles: process.getActiveResourcesInfo?.().length ?? 0,
    ...buffers(),
  };
  rows.push(row);
  await new Promise((rest) => setTimeout(rest, 1000 * Number(values.pause)));
  process.stdout.write(`${JSON.stringify({ soak: device, round, steps, ...row }, short)}\n`);
}

const settled = rows.filter((row) => row.minute >= Math.min(5, minutes / 2));
const range = (key: 'gpu_buffers' | 'handles') => {
  const all = settled.map((row) => row[key] ?? 0);
  return [Math.min(...all), Math.max(...all)];
};
const result = {
  soak: device,
  minutes: minute(),
  rounds: rows.length,
  steps,
  rss_mib_per_minute: slope('rss'),
  javascript_mib_per_minute: slope('used'),
  wasm_heaps_mib_per_minute: slope('heaps'),
  gpu_buffers: range('gpu_buffers'),
  handles: range('handles'),
};
process.stdout.write(`${JSON.stringify(result, short)}\n`);
/** Deno counts a timer only at times, so the second half must not have more of them than the first half ever had. */
const grown = (key: 'gpu_buffers' | 'handles') => {
  const most = (part: readonly Row[]) => Math.max(0, ...part.map((row) => row[key] ?? 0));
  return most(settled.slice(settled.length >> 1)) > most(settled.slice(0, settled.length >> 1));
};
process.exit(result.rss_mib_per_minute < MOST_SLOPE && !grown('gpu_buffers') && !grown('handles') ? 0 : 1);

async function oneRound(): Promise<void> {
  await using kept = await openRun(store);
  const budget = { steps: (kept.found?.position.step ?? 0) + STEPS };
  const training = fit({ ...engine, data, config: { ...run, budget }, resume: kept.found });
  for await (const _ of kept.keep(training, { seconds: 1 })) steps++;
  const checkpoint = await training.checkpoint();
  await training.dispose();
  // A history grows with its run; that is no leak.
  await kept.save({ ...checkpoint, history: [] });

  const encoder = PatchEncoder.from(checkpoint);
  const embedder = await createEmbedder({ ...engine, encoder });
  await embedder.matrix(data, { placement: { kind: 'grid', across: 2 } });
  await embedder.dispose();
  const untrained = encoder.with({ weights: initialWeights(checkpoint.config) });
  await evaluate({ ...engine, encoder, untrained, train: data, test, epochs: 2 });
}

/** MiB a minute, by least squares. */
function slope(key: 'rss' | 'used' | 'heaps'): number {
  const mean = (list: number[]) => list.reduce((sum, value) => sum + value, 0) / Math.max(1, list.length);
  const x = settled.map((row) => row.minute);
  const y = settled.map((row) => row[key]);
  const [mx, my] = [mean(x), mean(y)];
  const spread = x.reduce((sum, v) => sum + (v - mx) ** 2, 0);
  return spread === 0 ? 0 : x.reduce((sum, v, k) => sum + (v - mx) * (y[k] - my), 0) / spread;
}

function short(_: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toFixed(3)) : value;
}
