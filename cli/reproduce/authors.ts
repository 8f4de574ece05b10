import type { ImageSet } from '../../src/data.ts';
import { PatchEncoder } from '../../src/embed.ts';
import { describeModel } from '../../src/encoders.ts';
import { KNN_PROTOCOLS, knnAccuracies, linearProbe } from '../../src/evaluate.ts';
import { createEmbedder, fit } from '../../src/index.ts';
import type { Placement } from '../../src/patches.ts';
import { findAdapter, Runtime } from '../../src/runtime.ts';
import { type RunConfig, runPresets } from '../../src/train.ts';
import { inTurn, subset } from '../report/in-turn.ts';
import type { Findings } from './findings.ts';
import type { Setting } from './setting.ts';

/** The row of EMP-SSL (arXiv 2304.03977) to compare with: one epoch of 20 patches with a schedule of one epoch. */
const THEIRS = 0.842;
/** At most this many labelled and test images in the evaluation. */
const LABELLED = 10_000;
const TESTED = 5000;
const PLACEMENT: Placement = { kind: 'random', count: 128, seed: 0 };
const COLUMNS = ['who', 'patches per step', 'steps', 'linear', 'kNN k=200', 'training, s', 'GFLOP/s'];

export interface AuthorsResult {
  readonly steps: number;
  readonly seconds: number;
  readonly gflops: number;
  readonly linear: number;
  readonly knn_k200: number;
}

/** The authors' recipe for one epoch, if there is an accelerator; otherwise the table says that there is none. */
export async function reproduceAuthors(setting: Setting, commit: string | undefined): Promise<Findings> {
  const { engine, train } = setting;
  const adapter = await findAdapter();
  const usable = !('none' in adapter) && !adapter.software && (engine.device === 'auto' || engine.device === 'webgpu');
  const run = {
    ...runPresets.empSsl,
    budget: { steps: Math.max(1, Math.floor(train.length / runPresets.empSsl.images)) },
  };
  const views = `${run.images} × ${run.views}`;
  const theirs = ['EMP-SSL, 1 epoch', views, 500, THEIRS, undefined, undefined, undefined];
  const statement = 'The authors’ recipe (ResNet-18, 20 patches, LARS) learns in one epoch';
  if (!usable) {
    const why =
      'none' in adapter ? adapter.none : adapter.software ? `${adapter.name} is software` : `--device ${engine.device}`;
    return {
      verdicts: [{ claim: 'authors', statement, verdict: 'not run', why: `It needs a GPU with WebGPU: ${why}.` }],
      tables: [
        {
          id: 'authors',
          title: 'The authors’ recipe on an accelerator',
          columns: COLUMNS,
          rows: [theirs, ['bagssl', views, 'not run', undefined, undefined, undefined, undefined]],
          note: `Not run: ${why}. On a machine with a GPU: npx bagssl reproduce --claims authors --device webgpu, or npx bagssl train --preset empSsl.`,
        },
      ],
      figures: [],
    };
  }
  const { linear, knn_k200, steps, seconds, gflops } = await runAuthors(setting, run, {
    labelled: LABELLED,
    tested: TESTED,
    placement: PLACEMENT,
  });
  return {
    verdicts: [
      {
        claim: 'authors',
        statement,
        verdict: linear > THEIRS - 0.03 ? 'reproduced' : 'not reproduced',
        why: `Linear ${(100 * linear).toFixed(1)} % after ${steps} steps in ${seconds.toFixed(0)} s at ${gflops.toFixed(0)} GFLOP/s on ${adapter.name}; theirs 84.2 %. The claim counts as reproduced within 3 points.`,
      },
    ],
    tables: [
      {
        id: 'authors',
        title: 'The authors’ recipe on an accelerator',
        columns: COLUMNS,
        rows: [theirs, ['bagssl', views, steps, linear, knn_k200, seconds, gflops]],
        note: `ResNet-18, LARS, seed 0, 128 clean patches per image, preFeature; ${adapter.name}; commit ${commit ?? 'not known'}.`,
      },
    ],
    figures: [],
  };
}

/** Trains and evaluates. Counts the FLOP of products and convolutions; a step is three times its forward pass. */
export async function runAuthors(
  { engine, train, test, progress, signal }: Pick<Setting, 'engine' | 'train' | 'test' | 'progress' | 'signal'>,
  config: Partial<RunConfig>,
  { labelled, tested, placement }: { labelled: number; tested: number; placement: Placement },
): Promise<AuthorsResult> {
  const training = fit({ ...engine, data: train, config, signal });
  try {
    let last = { step: 0, seconds: 0, patches: 0 };
    for await (const step of training) {
      last = step;
      progress.show(step.progress, `the authors' recipe, step ${step.step}`);
    }
    const { config, state } = await training.checkpoint();
    await training.dispose();
    await using embedder = await createEmbedder({ ...engine, encoder: PatchEncoder.from({ config, state }) });
    const side = async (images: ImageSet, count: number) => {
      const part = subset(images, inTurn(images, Math.min(count, images.length)));
      return { features: await embedder.matrix(part, { placement, signal }), labels: part.labels! };
    };
    const [bank, queries] = [await side(train, labelled), await side(test, tested)];
    const { workers: _workers, ...runtimeOptions } = engine;
    const runtime = await Runtime.open(runtimeOptions);
    const { knnK200 } = await knnAccuracies(runtime, bank, queries, KNN_PROTOCOLS);
    const flop = 6 * describeModel(config.model, config.recipe.size).total.multiplyAdds * last.patches;
    return {
      steps: last.step,
      seconds: last.seconds,
      gflops: flop / last.seconds / 1e9,
      linear: await linearProbe(runtime, bank, queries, { signal }),
      knn_k200: knnK200,
    };
  } finally {
    await training.dispose();
  }
}
