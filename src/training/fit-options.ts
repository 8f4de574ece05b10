import type { ImageSet } from '../data/image-set.ts';
import type { Precision } from '../graph/graph.ts';
import type { Device } from '../runtime/device.ts';
import type { RuntimeOptions } from '../runtime/runtime.ts';
import type { Checkpoint, HistoryEntry } from './checkpoint.ts';
import type { RunConfig, RunOverrides } from './run-config.ts';
import type { Position } from './schedule.ts';

/** What is trained, on what, and what is heard of it. */
export interface FitOptions extends RuntimeOptions {
  /** The images to learn from; labels are not looked at. */
  readonly data: ImageSet;
  /** What differs from the default run, and the budget; with `resume`, the checkpoint's own configuration is kept. */
  readonly run?: RunOverrides;
  /** Goes on with this run, bit for bit on the same engine; default: a new one. */
  readonly resume?: Checkpoint;
  /**
   * Train in a worker, so that a page stays free; default false. The result has the same bits. This thread then gives it images;
   * it keeps copies of those used last, up to 256 MiB, unless they lie in shared memory. In a page the worker finds ONNX Runtime
   * by the page's import map, or by `modules`.
   */
  readonly background?: boolean;
  /** Where trainer.worker.js lies, if not beside this module. */
  readonly trainerUrl?: URL | string;
  /** Workers that cut patches; default 2. 0 cuts them where the training runs. */
  readonly workers?: number;
  /** Where patches.worker.js lies, if not beside this module. */
  readonly workerUrl?: URL | string;
  /** Report the loss every so many steps; default 1, on a GPU 10, where reading back makes the step wait. */
  readonly reportEvery?: number;
  /**
   * Keep a copy of the state in memory every so many seconds; default 30. After a lost GPU, a divergence or too little memory
   * training goes on from it.
   */
  readonly rescueSeconds?: number;
  /** Seconds the data may take for the images of a batch before the run ends with an error ('data-stalled'); default 120. */
  readonly dataSeconds?: number;
  /** Ends the run with an error ('aborted') before its next step; a checkpoint can still be taken. */
  readonly signal?: AbortSignal;
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
