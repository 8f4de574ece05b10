import { randomUUID } from 'node:crypto';
import fs, { readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as Ort from 'onnxruntime-web';
import { formsOf } from '../../src/engine/compile.ts';
import { multiplyAdds } from '../../src/graph/graph.ts';
import { lower } from '../../src/graph/lowering/lower.ts';
import { needed } from '../../src/graph/needed.ts';
import { writeOnnx } from '../../src/graph/write-onnx.ts';
import { objectiveOf } from '../../src/objectives/choice.ts';
import { optimizerOf } from '../../src/optimizers/choice.ts';
import { choosePrecision } from '../../src/runtime/precision.ts';
import { Program } from '../../src/runtime/program.ts';
import { ResidentState } from '../../src/runtime/resident-state.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { initialState } from '../../src/training/initial-state.ts';
import type { RunConfig } from '../../src/training/run-config.ts';
import { stepGraph } from '../../src/training/step-graph.ts';
import { anyPatches } from './share.ts';

/** One node (on a GPU: one kernel) of a step as the engine ran it. */
export interface Timed {
  /** The operator, on a GPU with the kernel's own name where it differs: `Conv · Transpose`. */
  readonly family: string;
  readonly shapes: string;
  readonly ms: number;
}

export interface Profile {
  readonly device: string;
  readonly adapter: string;
  readonly threads: number;
  readonly ms: number;
  readonly nodes: number;
  /** Nodes of the model without a matrix product; they are bound by memory. */
  readonly memory_bound_nodes: number;
  /** Share of the time spent in them. */
  readonly memory_bound_share: number;
  readonly families: readonly {
    readonly family: string;
    readonly count: number;
    readonly ms: number;
    readonly share: number;
  }[];
  readonly slowest: readonly (Timed & { readonly share: number })[];
}

/** What ORT's profiler writes; Node events are what the CPU did, Api events what the GPU did. */
interface Event {
  readonly cat: string;
  readonly dur: number;
  readonly name: string;
  readonly args: { readonly op_name?: string; readonly input_type_shape?: object[]; readonly shapes?: string };
}

const PRODUCTS = /Conv|MatMul|Gemm/;

/** A step of `config` by node, from ORT's own profiler: the last of `steps`, as the first ones allocate and compile. */
export async function profile(runtime: Runtime, config: RunConfig, steps: number): Promise<Profile> {
  const { outputs, state } = stepGraph(config.model, objectiveOf(config.objective), optimizerOf(config.optimizer), {
    ...config,
    size: config.recipe.size,
    precision: choosePrecision(runtime, config.precision, () => undefined),
  });
  const lowered = lower(outputs, await formsOf(runtime));
  const profiler = await profiledSession(runtime, writeOnnx(lowered));
  const memory = await ResidentState.create(runtime, state, initialState(state, config.seed));
  const scalar = (value: number) => ({ data: Float32Array.of(value), shape: [] });
  const feeds = { patches: anyPatches(config), rate: scalar(0.1), remaining: scalar(1) };
  for (let k = 1; k <= steps; k++) await memory.run(profiler.program, { ...feeds, step: scalar(k) }, ['collapse']);
  const timed = lastStep(await profiler.end(), runtime.device === 'webgpu', steps);
  const { nodes } = needed(lowered);
  return {
    device: runtime.device,
    adapter: runtime.adapter ?? 'cpu',
    threads: runtime.threads,
    ...summary(timed),
    nodes: nodes.length,
    memory_bound_nodes: nodes.filter((node) => multiplyAdds(node) === 0).length,
  };
}

/** A session with ORT's profiler on, and a function that ends it and returns its events: from a file on native, from printed text on the web. */
async function profiledSession(runtime: Runtime, onnx: Uint8Array) {
  const prefix = `bagssl-profile-${randomUUID()}`;
  const options: Ort.InferenceSession.SessionOptions = {
    executionProviders: [runtime.device === 'native' ? 'cpu' : runtime.device],
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    enableProfiling: true,
    ...(runtime.device === 'native' && {
      intraOpNumThreads: runtime.threads,
      profileFilePrefix: join(tmpdir(), prefix),
    }),
  };
  const session = await runtime.ort.InferenceSession.create(onnx, options);
  const program = new Program(runtime, session);
  const end = async (): Promise<Event[]> => {
    if (runtime.device !== 'native') {
      const heard = hearOutput();
      session.endProfiling();
      // On the web this is asynchronous, but ORT does not return its promise.
      await new Promise((resolve) => setTimeout(resolve, 1000));
      return JSON.parse(heard());
    }
    session.endProfiling();
    const file = join(tmpdir(), readdirSync(tmpdir()).find((name) => name.startsWith(prefix))!);
    const events = JSON.parse(readFileSync(file, 'utf8'));
    rmSync(file);
    return events;
  };
  return { program, end };
}

/**
 * ORT's web builds can only print their profile, straight to standard output. This captures what is written there; the
 * returned function stops the capture and returns the profile's text.
 */
function hearOutput(): () => string {
  const { writeSync } = fs;
  const heard: string[] = [];
  fs.writeSync = ((to: number, text: string, ...more: never[]) => {
    if (to !== 1) return writeSync(to, text, ...more);
    return heard.push(text);
  }) as typeof writeSync;
  return () => {
    fs.writeSync = writeSync;
    return heard.join('');
  };
}

function lastStep(events: readonly Event[], gpu: boolean, steps: number): Timed[] {
  const ran = events.filter(({ cat, name }) => (gpu ? cat === 'Api' : cat === 'Node' && name.endsWith('_kernel_time')));
  return ran.slice(-Math.round(ran.length / steps)).map(({ name, dur, args }) => {
    if (!gpu)
      return {
        family: args.op_name!,
        shapes: JSON.stringify(args.input_type_shape).replaceAll('"', ''),
        ms: dur / 1000,
      };
    const [, operator, kernel] = name.split('&');
    return {
      family: kernel === operator ? operator : `${operator} · ${kernel}`,
      shapes: args.shapes!.trim(),
      ms: dur / 1000,
    };
  });
}

function summary(timed: readonly Timed[]) {
  const ms = timed.reduce((total, one) => total + one.ms, 0);
  const share = (part: number) => Number((part / ms).toFixed(3));
  const rounded = (value: number) => Number(value.toFixed(2));
  const families = [...new Set(timed.map(({ family }) => family))]
    .map((family) => {
      const members = timed.filter((one) => one.family === family);
      return { family, count: members.length, ms: members.reduce((total, one) => total + one.ms, 0) };
    })
    .sort((a, b) => b.ms - a.ms);
  const bound = families.filter(({ family }) => !PRODUCTS.test(family.split(' · ')[1] ?? family));
  return {
    ms: rounded(ms),
    memory_bound_share: share(bound.reduce((total, { ms }) => total + ms, 0)),
    families: families.map((one) => ({ ...one, ms: rounded(one.ms), share: share(one.ms) })),
    slowest: [...timed]
      .sort((a, b) => b.ms - a.ms)
      .slice(0, 20)
      .map((one) => ({ ...one, ms: rounded(one.ms), share: share(one.ms) })),
  };
}

/** The profile as text. */
export function printed({ families, slowest, ...head }: Profile): string {
  const row = (ms: number, share: number, text: string) =>
    `${ms.toFixed(1).padStart(9)} ms ${(100 * share).toFixed(1).padStart(5)} %  ${text}`;
  return [
    `${head.device} (${head.adapter}, ${head.threads} threads): ${head.ms.toFixed(0)} ms in ${families.reduce((n, { count }) => n + count, 0)} kernels`,
    `${head.memory_bound_nodes} of the model's ${head.nodes} nodes are bound by memory, ${(100 * head.memory_bound_share).toFixed(1)} % of the time`,
    '',
    ...families.map(({ family, count, ms, share }) => row(ms, share, `${count} × ${family}`)),
    '',
    'The slowest:',
    ...slowest.map(({ family, shapes, ms, share }) => row(ms, share, `${family} ${shapes}`)),
  ].join('\n');
}
