import { BagsslError } from '../base/errors.ts';
import {
  ADDRESS,
  aboveZero,
  checkOptions,
  fromZero,
  given,
  needed,
  OBJECT,
  type Rule,
  type Rules,
  SWITCH,
  whole,
} from '../base/options.ts';
import { isOwnPart, missingPart } from '../base/own-part.ts';
import type { ImageSet } from '../data/image-set.ts';
import { checkImageSet } from '../data/image-set.ts';
import type { Precision } from '../graph/graph.ts';
import type { Device } from '../runtime/device.ts';
import { RUNTIME_RULES, type RuntimeOptions } from '../runtime/runtime.ts';
import type { Checkpoint, HistoryEntry } from './checkpoint.ts';
import { isRunOption, type RunConfig, runConfig } from './run-config.ts';
import type { Position } from './schedule.ts';

/** What to train on, what to train, and how. */
export interface FitOptions extends RuntimeOptions {
  /** The images to learn from; labels are not looked at. */
  readonly data: ImageSet;
  /** What differs from the default run, and the budget; with `resume`, what differs from the checkpoint's configuration. */
  readonly config?: Partial<RunConfig>;
  /** Continues this run, bit for bit on the same engine; default: starts a new one. */
  readonly resume?: Checkpoint;
  /**
   * Train in a worker, so that the page stays responsive; default false. The result has the same bits. This thread sends the
   * worker images; the worker keeps copies of the latest, up to 256 MiB, unless they are in shared memory. In a page the worker
   * finds ONNX Runtime by the page's import map, or by `modules`.
   */
  readonly background?: boolean;
  /** Where trainer.worker.js is, if not beside this module. */
  readonly trainerUrl?: URL | string;
  /** Workers that cut patches, 0 to 64; default 2. 0 cuts them on the thread that trains. */
  readonly workers?: number;
  /** Where patches.worker.js is, if not beside this module. */
  readonly workerUrl?: URL | string;
  /** Report the loss every `reportEvery` steps; default 1, on a GPU 10, where reading it back makes the step wait. */
  readonly reportEvery?: number;
  /**
   * Copy the state into memory every `rescueSeconds` seconds, 0 or more; default 30. After a lost GPU, a divergence or a lack of
   * memory, training continues from that copy.
   */
  readonly rescueSeconds?: number;
  /** Seconds to wait for the images of a batch before the run stops with a `data-stalled` error; default 120. */
  readonly dataSeconds?: number;
  /** Stops the run with an `aborted` error before its next step; a checkpoint can still be taken. */
  readonly signal?: AbortSignal;
}

/** Rules for values that are checked where they are used. */
const LATER: Rule = { asked: '', fits: () => true };

const RULES: Rules<FitOptions> = {
  data: needed(LATER),
  config: LATER,
  resume: OBJECT,
  background: SWITCH,
  trainerUrl: ADDRESS,
  workers: LATER,
  workerUrl: ADDRESS,
  reportEvery: whole(1),
  rescueSeconds: fromZero(),
  dataSeconds: aboveZero(),
  signal: LATER,
  ...RUNTIME_RULES,
};

/** The checked configuration of the run that `fit` is asked for. */
export function configOf(options: FitOptions): RunConfig {
  const { resume, config: changes, data } = options;
  const lost = Object.keys(options).find(isRunOption);
  if (lost) throw new BagsslError('bad-argument', `"${lost}" belongs in config: fit({ data, config: { ${lost} } }).`);
  checkImageSet(data, 'data');
  checkOptions('fit', options, RULES);
  if (changes !== undefined)
    given(OBJECT.fits(changes), changes, 'config', 'an object of what differs from the default');
  const config = runConfig({ ...(resume?.config ?? { budget: { steps: 1000 } }), ...changes });
  refuseMissing(config);
  if (data.length < 2) {
    throw new BagsslError('bad-data', `"${data.name}" holds ${data.length} images; training needs at least 2.`);
  }
  // A batch larger than the data set is cut down to it: the objectives need distinct images.
  return { ...config, images: Math.min(config.images, data.length) };
}

/** What a checkpoint could not hold must have been given again. */
function refuseMissing({ objective, optimizer, model }: RunConfig): void {
  if (isOwnPart(objective)) throw missingPart('objective', objective.name);
  if (isOwnPart(optimizer)) throw missingPart('optimizer', optimizer.name);
  if (isOwnPart(model.encoder)) throw missingPart('model.encoder', model.encoder.name);
}

/** One step of training. Their numbers rise by one, but start again after the last good state where a fault was survived. */
export interface Step extends Position {
  /** Share of the budget used up, 0 to 1. */
  readonly progress: number;
  /** The pass over the data it belongs to, from 0. */
  readonly epoch: number;
  /** The step's learning rate. */
  readonly rate: number;
  /** Patches trained on so far, this session and earlier ones. */
  readonly patches: number;
  /** Wall time of the step and, within it, of waiting for patches, milliseconds. */
  readonly ms: number;
  /** Milliseconds of these in which the engine waited for patches. */
  readonly dataWaitMs: number;
  /**
   * Loss, its parts and the collapse figure, when this step reports them and was not skipped; where there are any, `skipped`, the
   * steps whose loss or gradients were not finite and that changed nothing, this session and earlier ones; in float16 always,
   * with the `lossScale` that follows.
   */
  readonly report?: HistoryEntry;
}

/** What a training runs on. */
export interface Footing {
  /** The engine that trains. */
  readonly device: Device;
  /** The GPU's name; undefined on the CPU. */
  readonly adapter?: string;
  /** CPU threads of the engine. */
  readonly threads: number;
  /** What the network computes in. */
  readonly precision: Precision;
}

/** A training: a loop over it trains. Leaving the loop keeps everything open for another; `dispose()` frees it. */
export interface Fit extends AsyncIterable<Step>, AsyncDisposable {
  /** What determines the run. A fault that was survived may have lowered `rate` or raised `slices`. */
  readonly config: RunConfig;
  /** An entry for each report so far, earlier sessions' too. */
  readonly history: readonly HistoryEntry[];
  /** Opens the device and compiles the step; iterating does it on its own. */
  open(): Promise<Footing>;
  /** The run as it stands between two steps. */
  checkpoint(): Promise<Checkpoint>;
  /** Frees the device's memory and stops the workers. */
  dispose(): Promise<void>;
}
