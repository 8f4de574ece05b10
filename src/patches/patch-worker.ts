import { type Remote, transfer, wrap } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { within } from '../deadline.ts';
import { BagsslError } from '../errors.ts';
import type { Outcome, PatchFace } from './face.ts';
import type { PatchBatch, PatchJob } from './job.ts';
import { KeptImages } from './kept-images.ts';
import { nodeThreads } from './node-threads.ts';
import { packJob } from './pack.ts';

/** One thread, whichever kind the platform has. */
interface Thread {
  readonly face: Remote<PatchFace>;
  /** Whether the thread keeps the process alive. */
  hold(keep: boolean): void;
  terminate(): unknown;
}

/** In a variable, so that bundlers do not take what is resolved against it for a file of theirs: the worker's is, below. */
const HERE = import.meta.url;

/** Seconds that a worker may take to start: its script may have far to come. */
const START_SECONDS = 60;

/**
 * One worker, owned: it notices its death, which Comlink does not (GoogleChromeLabs/comlink#601), or that it hangs, and then
 * rejects the call in flight. It takes one call at a time.
 */
export class PatchWorker {
  readonly #thread: Thread;
  readonly #kept: KeptImages;
  #failed: BagsslError | undefined;
  #answered = false;
  #reject: ((reason: BagsslError) => void) | undefined;

  /** @param keep bytes of images that the worker may keep */
  constructor(url?: string | URL, keep = 0) {
    this.#kept = new KeptImages(keep);
    const die = (reason: unknown) => this.fail(reason);
    try {
      this.#thread = nodeThreads() ? nodeThread(url, die) : webThread(url, die);
    } catch (cause) {
      throw new BagsslError('worker-failed', `The patch worker could not be started: ${text(cause)}.`, { cause });
    }
    this.#thread.hold(false);
  }

  /** Set once the worker is dead: nothing more can be asked of it. */
  get failed(): BagsslError | undefined {
    return this.#failed;
  }

  /** Resolves once the worker can cut. */
  async ready(): Promise<void> {
    await this.#call((face) => face.ready(), START_SECONDS);
  }

  /** @throws BagsslError `worker-failed` when the worker dies before it has answered, or has not within so many seconds */
  async cut(job: PatchJob, seconds: number, into?: Float32Array<SharedArrayBuffer>): Promise<PatchBatch> {
    const [packed, buffers] = packJob(job, this.#kept, into);
    const cut = (face: Remote<PatchFace>) => face.cut(transfer(packed, buffers)) as Promise<Outcome>;
    const outcome = await this.#call<Outcome>(cut, seconds);
    if ('error' in outcome) throw new BagsslError(outcome.error.code, outcome.error.message);
    return outcome.batch;
  }

  /** The worker died, or is to be treated so. */
  fail(reason: unknown): void {
    if (this.#failed) return;
    const advice = this.#answered
      ? ''
      : ' If its script is missing, serve patches.worker.js beside the other files of the package, or give workerUrl; a ' +
        "Content-Security-Policy must allow worker-src 'self'. With workers: 0 patches are cut without.";
    this.#failed = new BagsslError('worker-failed', `A patch worker stopped: ${text(reason)}.${advice}`, {
      cause: reason,
    });
    this.terminate();
  }

  /** Ends the worker for good; a call in flight is rejected. */
  terminate(): unknown {
    this.#failed ??= new BagsslError('disposed', 'The patch worker was disposed.');
    this.#reject?.(this.#failed);
    this.#thread.hold(false);
    return this.#thread.terminate();
  }

  #call<T>(ask: (face: Remote<PatchFace>) => Promise<T>, seconds: number): Promise<T> {
    if (this.#failed) return Promise.reject(this.#failed);
    this.#thread.hold(true);
    const answered = new Promise<T>((resolve, reject) => {
      this.#reject = reject;
      ask(this.#thread.face).then((answer) => {
        this.#answered = true;
        resolve(answer);
      }, reject);
    });
    const late = () => {
      this.fail(`it has not answered within ${seconds} seconds`);
      return this.#failed!;
    };
    return within(seconds, answered, late).finally(() => {
      this.#reject = undefined;
      if (!this.#failed) this.#thread.hold(false);
    });
  }
}

/** What an Error, an ErrorEvent, an Event without a message or plain text has to say. */
function text(reason: unknown): string {
  const { message, type } = Object(reason) as { message?: unknown; type?: unknown };
  if (typeof message === 'string' && message !== '') return message.replace(/\.$/, '');
  if (type === 'messageerror') return 'a message could not be read';
  return type === 'error' ? 'its script could not be loaded' : String(reason);
}

function webThread(url: string | URL | undefined, die: (reason: unknown) => void): Thread {
  const worker = webWorker(url);
  const stop = (event: Event) => {
    event.preventDefault(); // else Deno ends the whole program
    die(event);
  };
  worker.addEventListener('error', stop);
  worker.addEventListener('messageerror', stop);
  return { face: wrap<PatchFace>(worker), hold() {}, terminate: () => worker.terminate() };
}

function webWorker(url: string | URL | undefined): Worker {
  try {
    // The second form must stand in one expression: that is how bundlers find the worker.
    return url
      ? new Worker(url, { type: 'module' })
      : new Worker(new URL('./patches.worker.js', import.meta.url), { type: 'module' });
  } catch (error) {
    if ((error as Error).name !== 'SecurityError') throw error;
    // Of another origin, such as a CDN: a worker of this one may import it, if that origin allows it by CORS.
    const script = JSON.stringify(new URL(url ?? './patches.worker.js', HERE));
    return new Worker(URL.createObjectURL(new Blob([`import ${script};`], { type: 'text/javascript' })), {
      type: 'module',
    });
  }
}

function nodeThread(url: string | URL | undefined, die: (reason: unknown) => void): Thread {
  const { Worker: NodeWorker } = nodeThreads()!;
  // Flags of the main thread, such as --input-type, would keep the worker from loading.
  const worker = new NodeWorker(new URL(url ?? './patches.worker.js', HERE), { execArgv: [] });
  worker.on('error', die);
  worker.on('messageerror', die);
  worker.on('exit', (code) => die(`it exited with code ${code}`));
  return {
    face: wrap<PatchFace>(nodeEndpoint(worker)),
    hold: (keep) => (keep ? worker.ref() : worker.unref()),
    terminate: () => worker.terminate(),
  };
}
