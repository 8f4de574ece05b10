import type { Order } from './candidate.ts';
import type { GpuCalls } from './gpu-calls.ts';
import { median } from './median.ts';
import { flopsOf, NETWORKS, type Network, networkOf, patchesOf } from './networks.ts';
import { ours } from './ours.ts';
import { type EngineProcess, engineServer, type Platform } from './processes.ts';

/** A line of the comparison. */
export interface Row {
  readonly bench: 'step';
  readonly network: string;
  readonly platform: Platform;
  readonly engine: Order['engine'];
  readonly device: Order['device'];
  readonly adapter: string;
  readonly threads?: number;
  readonly patches: number;
  /** Median over turns, and how many steps were timed. */
  readonly ms_per_step?: number;
  readonly steps: number;
  readonly gflops?: number;
  /** Its time divided by ours on the same platform and kind of device. */
  readonly ratio_to_ours?: number;
  /** The losses of the first three steps, and whether they equal ours within 1e-3. */
  readonly losses: readonly number[];
  readonly agrees: boolean;
  /** What a step asks of WebGPU. */
  readonly gpu?: GpuCalls;
  /** Why it does not run or did not finish. */
  readonly error?: string;
}

type Kind = Omit<Order, 'network'> & { readonly platform: Platform };

const PEERS = [
  ['tfjs', 'webgpu'],
  ['tfjs', 'cpu'],
  ['jax-js', 'webgpu'],
  ['jax-js', 'wasm'],
] as const;

const KINDS: readonly Kind[] = [
  { platform: 'node', engine: 'bagssl', device: 'native', threads: 2 },
  { platform: 'node', engine: 'bagssl', device: 'wasm', threads: 1 },
  { platform: 'node', engine: 'bagssl', device: 'wasm', threads: 2 },
  { platform: 'chromium', engine: 'bagssl', device: 'wasm', threads: 1 },
  { platform: 'chromium', engine: 'bagssl', device: 'wasm', threads: 2 },
  { platform: 'chromium', engine: 'bagssl', device: 'webgpu' },
  ...PEERS.map(([engine, device]) => ({ platform: 'chromium' as const, engine, device })),
  { platform: 'deno', engine: 'bagssl', device: 'wasm', threads: 1 },
  { platform: 'deno', engine: 'bagssl', device: 'webgpu' },
  ...PEERS.map(([engine, device]) => ({ platform: 'deno' as const, engine, device })),
];

const labelOf = (network: string, { platform, engine, device, threads }: Kind) =>
  [network, platform, engine, device, threads].filter(Boolean).join(' ');

/** Seconds of measuring after which a slow engine gets no more turns, and seconds of one turn of a fast engine. */
const ENOUGH_MS = 20_000;
const TURN_MS = 500;

interface Run {
  readonly kind: Kind;
  readonly engine: EngineProcess;
  readonly losses: number[];
  readonly times: number[];
  steps: number;
  adapter: string;
  threads?: number;
  gpu?: GpuCalls;
  error?: string;
}

/** All engines whose label (such as "bare chromium jax-js webgpu") `only` matches, each network in turn, on its own batch or on `patches`. */
export async function compare(
  only: RegExp,
  rounds: number,
  chromium: string | undefined,
  patches?: number,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [index, network] of NETWORKS.entries()) {
    const kinds = KINDS.filter((kind) => only.test(labelOf(network.name, kind)));
    if (kinds.length === 0) continue;
    const expected = await firstLosses(index, patches);
    const server = await engineServer();
    const runs: Run[] = [];
    const stop = () => {
      for (const { engine } of runs) engine.stop();
      server.close();
    };
    const interrupted = () => {
      stop();
      process.exit(1);
    };
    process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
    for (const kind of kinds) {
      const { platform, ...order } = kind;
      const engine = server.open(platform, { ...order, network: index, patches });
      const run: Run = { kind, engine, losses: [], times: [], steps: 0, adapter: '' };
      runs.push(run);
      await guarded(run, async () => {
        Object.assign(run, await engine.start(chromium));
        // The first step allocates and compiles.
        const { loss, ms } = await engine.turn(1);
        run.losses.push(loss);
        process.stderr.write(`${labelOf(network.name, kind)}: first step ${(ms / 1000).toFixed(1)} s\n`);
      });
    }
    for (let round = 0; round < rounds; round++) {
      for (const run of runs) {
        const spent = run.times.reduce((total, ms) => total + ms, 0);
        if (run.error || (round >= 2 && spent > ENOUGH_MS)) continue;
        await guarded(run, () => turn(run, round));
        process.stderr.write(
          `${labelOf(network.name, run.kind)}: ${run.error ?? `${run.times.at(-1)!.toFixed(0)} ms`}\n`,
        );
      }
    }
    stop();
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    rows.push(...rowsOf(networkOf({ network: index, patches }), runs, expected));
  }
  return rows;
}

async function guarded(run: Run, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    run.error = `does not run: ${(error as Error).message}`.replace(/\s+/g, ' ').slice(0, 200);
    run.engine.stop();
  }
}

/** The first steps run one by one, for their losses; later a fast engine runs several in one turn. */
async function turn(run: Run, round: number): Promise<void> {
  const steps = round < 2 ? 1 : Math.min(10, Math.max(1, Math.floor(TURN_MS / run.times.at(-1)!)));
  const { loss, ms, gpu } = await run.engine.turn(steps);
  run.gpu = gpu;
  if (round < 2) run.losses.push(loss);
  run.times.push(ms);
  run.steps += steps;
}

/** The expected losses: ours, computed in this process. */
async function firstLosses(network: number, patches?: number): Promise<number[]> {
  const here = await ours(networkOf({ network, patches }), { engine: 'bagssl', device: 'native', threads: 1, network });
  const losses: number[] = [];
  for (let k = 0; k < 3; k++) losses.push(await here.steps(1));
  return losses;
}

function rowsOf(network: Network, runs: readonly Run[], expected: readonly number[]): Row[] {
  const msOf = ({ times }: Run) => (times.length > 0 ? median(times) : undefined);
  return runs.map((run) => {
    const ms = msOf(run);
    const own = ownOf(run, runs);
    const ownMs = own && msOf(own);
    return {
      bench: 'step',
      network: network.name,
      platform: run.kind.platform,
      engine: run.kind.engine,
      device: run.kind.device,
      adapter: run.adapter,
      threads: run.threads,
      patches: patchesOf(network),
      steps: run.steps,
      ...(ms !== undefined && {
        ms_per_step: Number(ms.toFixed(1)),
        gflops: Number((flopsOf(network) / ms / 1e6).toFixed(3)),
      }),
      ...(ms !== undefined && ownMs !== undefined && { ratio_to_ours: Number((ms / ownMs).toFixed(2)) }),
      losses: run.losses.map((loss) => Number(loss.toFixed(5))),
      agrees: expected.every((loss, k) => Math.abs(run.losses[k] - loss) <= 1e-3 * Math.max(1, Math.abs(loss))),
      ...(run.gpu && { gpu: run.gpu }),
      ...(run.error && { error: run.error }),
    };
  });
}

/** Our row to compare a row with: WebGPU with WebGPU; anything else with wasm of the same number of threads, or else of the most. */
function ownOf({ kind, threads }: Run, runs: readonly Run[]): Run | undefined {
  const device = kind.device === 'webgpu' ? 'webgpu' : 'wasm';
  const same = runs.filter(
    (run) => run.kind.engine === 'bagssl' && run.kind.device === device && run.kind.platform === kind.platform,
  );
  return same.find((run) => run.threads === threads) ?? same.at(-1);
}
