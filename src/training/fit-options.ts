import { BagsslError } from '../base/errors.ts';
import {
  ADDRESS,
  aboveZero,
  checkOptions,
  fromZero,
  givenParts,
  needed,
  OBJECT,
  type Rules,
  SIGNAL,
  SWITCH,
  whole,
} from '../base/options.ts';
import { isOwnPart, missingPart } from '../base/own-part.ts';
import type { ImageSet } from '../data/image-set.ts';
import { checkImageSet } from '../data/image-set.ts';
import type { PatchEncoder } from '../encoder/patch-encoder.ts';
import type { Precision } from '../graph/graph.ts';
import { cifar16 } from '../patches/presets.ts';
import type { Device } from '../runtime/device.ts';
import { RUNTIME_RULES, type RuntimeOptions } from '../runtime/runtime.ts';
import type { Checkpoint, HistoryEntry } from './checkpoint.ts';
import { completeConfig, isRunOption, type RunChanges, type RunConfig } from './run-config.ts';
import type { Position } from './schedule.ts';

/** What to train on, what to train, and how. */
export interface FitOptions extends RuntimeOptions {
  /** The images to learn from; labels are ignored. */
  readonly data: ImageSet;
  /** What differs from the default run, and the budget; with `resume`, what differs from the checkpoint's configuration. */
  readonly config?: Partial<RunConfig>;
  /** Continues this run, bit for bit on the same engine; default: starts a new one. */
  readonly resume?: Checkpoint;
  /**
   * Starts at the weights of this encoder of patches. Its network and its crops are the run's, and the rate is lower by default. A
   * projector that its file does not hold starts at random. A whitening it has was learnt for its old weights, so learn a new one
   * after training. Cannot be combined with `resume`.
   */
  readonly from?: PatchEncoder;
  /**
   * Train in a worker, so that the page stays responsive; default false. The result has the same bits. This thread sends the
   * worker images; the worker keeps copies of the latest, up to 256 MiB, unless they are in shared memory. In a page the worker
   * finds ONNX Runtime by the page's import map, or by `modules`.
   */
  readonly background?: boolean;
  /** Where trainer.worker.js is, or for an .onnx encoder trainer-onnx.worker.js, if not next to this module. */
  readonly trainerUrl?: URL | string;
  /** Workers that cut patches, 0 to 64; default 2. 0 cuts them on the thread that trains. */
  readonly workers?: number;
  /** Where patches.worker.js is, if not next to this module. */
  readonly workerUrl?: URL | string;
  /** Report the loss every `reportEvery` steps; default 1, or 10 on a GPU, where reading it back stalls the step. */
  readonly reportEvery?: number;
  /**
   * Copy the state into memory every `rescueSeconds` seconds, 0 or more; default 30. After a lost GPU, a divergence or an
   * out-of-memory error, training continues from that copy.
   */
  readonly rescueSeconds?: number;
  /** Seconds to wait for the images of a batch before the run stops with a `data-stalled` error; default 120. */
  readonly dataSeconds?: number;
  /** Stops the run with an `aborted` error before its next step. You can still take a checkpoint. */
  readonly signal?: AbortSignal;
}

/** The peak rate of a run that starts from an encoder. */
const FROM_RATE = 0.03;

const RULES: Rules<FitOptions> = {
  data: needed(OBJECT),
  config: OBJECT,
  resume: OBJECT,
  from: OBJECT,
  background: SWITCH,
  trainerUrl: ADDRESS,
  workers: whole(0, 64),
  workerUrl: ADDRESS,
  reportEvery: whole(1),
  rescueSeconds: fromZero(),
  dataSeconds: aboveZero(),
  signal: SIGNAL,
  ...RUNTIME_RULES,
};

/** The checked configuration of the run that `fit` will train. */
export function configOf(options: FitOptions): RunConfig {
  const { resume, config: changes, data } = options;
  const lost = Object.keys(options).find(isRunOption);
  if (lost) throw new BagsslError('bad-argument', `"${lost}" belongs in config: fit({ data, config: { ${lost} } }).`);
  checkImageSet(data, 'data');
  checkOptions('fit', options, RULES);
  if (options.from && resume)
    throw new BagsslError('bad-argument', 'Both from and resume are given; a resumed run has its own weights.');
  const config = completeConfig({ ...(resume?.config ?? startFrom(options)), ...changes });
  refuseMissing(config);
  if (data.length < 2) {
    throw new BagsslError('bad-data', `"${data.name}" holds ${data.length} images; training needs at least 2.`);
  }
  // A batch larger than the data set is cut down to it: the objectives need distinct images.
  return { ...config, images: Math.min(config.images, data.length) };
}

/** What a new run has in place of the defaults. @throws BagsslError `bad-argument` for what no run can start from */
function startFrom({ from, resume: _, config: { model } = {} }: FitOptions): RunChanges {
  const budget = { steps: 1000 };
  if (!from) return { budget };
  const refused = (why: string) => new BagsslError('bad-argument', `fit cannot start from this encoder: ${why}`);
  if ('notes' in from) throw refused('it is an .onnx file that runs as it is. Give the file as config.model.');
  givenParts(from, 'from', 'model', 'weights', 'recipe');
  if (model) throw refused('config.model is given as well. Leave it out: the run has the network of the encoder.');
  if (typeof from.layout === 'object')
    throw refused('its layout sees whole images. Adapt it by adaptEncoder, or start from cifar10.safetensors.');
  const { size, scale, ratio, interpolation, mean, std } = from.recipe;
  const crops = { size, scale, mean, std, ...(ratio && { ratio }), ...(interpolation && { interpolation }) };
  return { budget, model: from.model, recipe: { ...cifar16, ...crops }, rate: FROM_RATE };
}

/** Checks that the caller passed again the parts that a checkpoint cannot hold. */
function refuseMissing({ objective, optimizer, model, augmentations }: RunConfig): void {
  const parts = { objective, optimizer, 'model.encoder': model.encoder, augmentations: augmentations?.find(isOwnPart) };
  for (const [where, part] of Object.entries(parts)) if (isOwnPart(part)) throw missingPart(where, part.name);
}

/** One step of training. Step numbers rise by one; after recovery from a fault they resume at the last good state. */
export interface Step extends Position {
  /** Share of the budget used up, 0 to 1. */
  readonly progress: number;
  /** The epoch (pass over the data) of this step, from 0. */
  readonly epoch: number;
  /** The step's learning rate. */
  readonly rate: number;
  /** Patches trained on so far, this session and earlier ones. */
  readonly patches: number;
  /** Wall time of the step, including the wait for patches, milliseconds. */
  readonly ms: number;
  /** Part of that time that the engine waited for patches, milliseconds. */
  readonly dataWaitMs: number;
  /**
   * The loss, its parts and the collapse figure, if this step reports them and was not skipped. `skipped` counts the steps,
   * this session and earlier ones, that changed nothing because their loss or gradients were not finite; it is present if any
   * were skipped. In float16 it is always present, with the `lossScale` of the next step.
   */
  readonly report?: HistoryEntry;
}

/** The hardware that trains. */
export interface Footing {
  /** The engine that trains. */
  readonly device: Device;
  /** The GPU's name; undefined on the CPU. */
  readonly adapter?: string;
  /** CPU threads of the engine. */
  readonly threads: number;
  /** Precision of the network. */
  readonly precision: Precision;
}

/** A training run: loop over it to train. After the loop everything stays open for another one; `dispose()` frees it. */
export interface Fit extends AsyncIterable<Step>, AsyncDisposable {
  /** The configuration of the run. Recovery from a fault may have lowered `rate` or raised `slices`. */
  readonly config: RunConfig;
  /** One entry per report so far, including earlier sessions. */
  readonly history: readonly HistoryEntry[];
  /** Opens the device and compiles the step. Optional: the loop does this if you do not. */
  open(): Promise<Footing>;
  /** A checkpoint of the run between two steps. */
  checkpoint(): Promise<Checkpoint>;
  /** Frees the device's memory and stops the workers. */
  dispose(): Promise<void>;
}
