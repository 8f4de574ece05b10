import { type Remote, wrap } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { within } from '../base/deadline.ts';
import { BagsslError } from '../base/errors.ts';
import { nodeThreads } from './node-threads.ts';

/** A kind of worker, whose file lies beside this package's modules. */
export interface WorkerScript {
  /** For messages: 'patch worker'. */
  readonly name: string;
  readonly file: string;
  /** The option that says where the file lies. */
  readonly option: string;
  /** How to do without it. */
  readonly without: string;
  /** Starts it in a browser or Deno. */
  web(): Worker;
}

/** What every worker answers. */
export interface Startable {
  /** Resolves once its script has run. */
  ready(): Promise<true>;
}

/** One thread, whichever kind the platform has. */
interface Thread<Face> {
  readonly face: Remote<Face>;
  /** Whether the thread keeps the process alive. */
  hold(keep: boolean): void;
  terminate(): unknown;
}

/** In a variable, so that bundlers do not take what is resolved against it for a file of theirs. */
const HERE = import.meta.url;

/** Seconds that a worker may take to start: its script may have far to come. */
const START_SECONDS = 60;

/**
 * One worker, owned: it notices its death, which Comlink does not (GoogleChromeLabs/comlink#601), or that it hangs, and then
 * rejects the calls in flight.
 */
export class OwnedWorker<Face extends Startable> {
  readonly #thread: Thread<Face>;
  readonly #calls = new Set<(reason: BagsslError) => void>();
  #failed: BagsslError | undefined;
  #answered = false;

  constructor(
    private readonly script: WorkerScript,
    url?: string | URL,
  ) {
    const die = (reason: unknown) => this.fail(reason);
    try {
      this.#thread = nodeThreads() ? nodeThread(script, url, die) : webThread(script, url, die);
    } catch (cause) {
      throw new BagsslError('worker-failed', `The ${script.name} could not be started: ${text(cause)}.`, { cause });
    }
    this.#thread.hold(false);
  }

  /** Set once the worker is dead: nothing more can be asked of it. */
  get failed(): BagsslError | undefined {
    return this.#failed;
  }

  /** Resolves once the worker can be asked. */
  async ready(): Promise<void> {
    await this.call((face) => (face as Remote<Startable>).ready(), START_SECONDS);
  }

  /**
   * The answer to what `ask` asks.
   * @throws BagsslError `worker-failed` when the worker dies before it has answered, or has not within so many seconds
   */
  async call<T>(ask: (face: Remote<Face>) => Promise<T>, seconds = Number.POSITIVE_INFINITY): Promise<T> {
    if (this.#failed) throw this.#failed;
    let give!: (reason: BagsslError) => void;
    const answered = new Promise<T>((resolve, reject) => {
      give = reject;
      ask(this.#thread.face).then((answer) => {
        this.#answered = true;
        resolve(answer);
      }, reject);
    });
    this.#calls.add(give);
    this.#thread.hold(true);
    const late = () => {
      this.fail(`it has not answered within ${seconds} seconds`);
      return this.#failed!;
    };
    try {
      return await (seconds < Number.POSITIVE_INFINITY ? within(seconds, answered, late) : answered);
    } finally {
      this.#calls.delete(give);
      if (!this.#failed && this.#calls.size === 0) this.#thread.hold(false);
    }
  }

  /** The worker died, or is to be treated so. */
  fail(reason: unknown): void {
    if (this.#failed) return;
    const { name, file, option, without } = this.script;
    const advice = this.#answered
      ? ''
      : ` If its script is missing, serve ${file} beside the other files of the package, or give ${option}; a Content-Security-Policy must allow worker-src 'self'. ${without}`;
    this.#failed = new BagsslError('worker-failed', `A ${name} stopped: ${text(reason)}.${advice}`, { cause: reason });
    this.terminate();
  }

  /** Ends the worker for good; calls in flight are rejected. */
  terminate(): unknown {
    this.#failed ??= new BagsslError('disposed', `The ${this.script.name} was disposed.`);
    for (const reject of this.#calls) reject(this.#failed);
    this.#thread.hold(false);
    return this.#thread.terminate();
  }
}

/** What an Error, an ErrorEvent, an Event without a message or plain text has to say. */
function text(reason: unknown): string {
  const { message, type } = Object(reason) as { message?: unknown; type?: unknown };
  if (typeof message === 'string' && message !== '') return message.replace(/\.$/, '');
  if (type === 'messageerror') return 'a message could not be read';
  return type === 'error' ? 'its script could not be loaded' : String(reason);
}

function webThread<Face>(
  script: WorkerScript,
  url: string | URL | undefined,
  die: (reason: unknown) => void,
): Thread<Face> {
  const worker = webWorker(script, url);
  const stop = (event: Event) => {
    event.preventDefault(); // else Deno ends the whole program
    die(event);
  };
  const events = ['error', 'messageerror'] as const;
  for (const event of events) worker.addEventListener(event, stop);
  const terminate = () => {
    worker.terminate();
    // Deno keeps a worker that has ended, and all that hears it: up to the GPU device of whoever owned it.
    for (const event of events) worker.removeEventListener(event, stop);
  };
  return { face: wrap<Face>(worker), hold() {}, terminate };
}

function webWorker(script: WorkerScript, url: string | URL | undefined): Worker {
  try {
    return url ? new Worker(url, { type: 'module' }) : script.web();
  } catch (error) {
    if ((error as Error).name !== 'SecurityError') throw error;
    // Of another origin, such as a CDN: a worker of this one may import it, if that origin allows it by CORS.
    const address = JSON.stringify(new URL(url ?? `./${script.file}`, HERE));
    return new Worker(URL.createObjectURL(new Blob([`import ${address};`], { type: 'text/javascript' })), {
      type: 'module',
    });
  }
}

function nodeThread<Face>(
  script: WorkerScript,
  url: string | URL | undefined,
  die: (reason: unknown) => void,
): Thread<Face> {
  const { Worker: NodeWorker } = nodeThreads()!;
  // Flags of the main thread, such as --input-type, would keep the worker from loading.
  const worker = new NodeWorker(new URL(url ?? `./${script.file}`, HERE), { execArgv: [] });
  worker.on('error', die);
  worker.on('messageerror', die);
  worker.on('exit', (code) => die(`it exited with code ${code}`));
  return {
    face: wrap<Face>(nodeEndpoint(worker)),
    hold: (keep) => (keep ? worker.ref() : worker.unref()),
    terminate: () => worker.terminate(),
  };
}
