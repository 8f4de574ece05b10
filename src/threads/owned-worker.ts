import { type Remote, wrap } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { within } from '../base/deadline.ts';
import { BagsslError } from '../base/errors.ts';
import { movedFrom, nodeThreads } from './node-threads.ts';

/** A kind of worker, whose file is beside this package's modules. */
export interface WorkerScript {
  /** For messages: 'patch worker'. */
  readonly name: string;
  readonly file: string;
  /** The option that sets the file's URL. */
  readonly option?: string;
  /** How to do without it, as a sentence. */
  readonly without?: string;
  /** Starts it in a browser or Deno. */
  web(): Worker;
}

/** What every worker offers. */
export interface Startable {
  /** Resolves once its script has run. */
  ready(): Promise<true>;
}

/** One thread, whichever kind the platform has. */
interface Thread<Api> {
  readonly remote: Remote<Api>;
  /** Whether the thread keeps the process alive. */
  hold(keep: boolean): void;
  terminate(): unknown;
}

/** In a variable, so that bundlers do not try to bundle what is resolved against it. */
const HERE = import.meta.url;

/** Seconds that a worker may take to start: its script may come over a slow network. */
const START_SECONDS = 60;

/**
 * A worker that rejects the calls in flight when it dies or hangs, which Comlink alone does not
 * (GoogleChromeLabs/comlink#601).
 */
export class OwnedWorker<Api extends Startable> {
  readonly #thread: Thread<Api>;
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

  /** Why the worker is dead, once it is: calls then fail with this. */
  get failed(): BagsslError | undefined {
    return this.#failed;
  }

  /** Resolves once the worker can be called. */
  async ready(): Promise<void> {
    await this.call((remote) => (remote as Remote<Startable>).ready(), START_SECONDS);
  }

  /**
   * Calls the worker.
   * @throws BagsslError `worker-failed` if the worker dies before it answers, or does not answer within `seconds`
   */
  async call<T>(ask: (remote: Remote<Api>) => Promise<T>, seconds = Number.POSITIVE_INFINITY): Promise<T> {
    if (this.#failed) throw this.#failed;
    let give!: (reason: BagsslError) => void;
    const answered = new Promise<T>((resolve, reject) => {
      give = reject;
      ask(this.#thread.remote).then((answer) => {
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

  /** Treats the worker as dead. */
  fail(reason: unknown): void {
    if (this.#failed) return;
    const { name, file, option, without } = this.script;
    const advice = this.#answered
      ? ''
      : ` If its script is missing, serve ${file} beside the package's other files${option ? `, or set ${option}` : ''}; a Content-Security-Policy must allow worker-src 'self'.${without ? ` ${without}` : ''}`;
    this.#failed = new BagsslError('worker-failed', `A ${name} stopped: ${text(reason)}.${advice}`, { cause: reason });
    this.terminate();
  }

  /** Ends the worker for good; calls in flight and later ones fail with `reason`. */
  terminate(reason = new BagsslError('disposed', `The ${this.script.name} was disposed.`)): unknown {
    this.#failed ??= reason;
    for (const reject of this.#calls) reject(this.#failed);
    this.#thread.hold(false);
    return this.#thread.terminate();
  }
}

/** The message of an Error, an ErrorEvent, an Event without a message or a string. */
function text(reason: unknown): string {
  const { message, type } = Object(reason) as { message?: unknown; type?: unknown };
  if (typeof message === 'string' && message !== '') return message.replace(/\.$/, '');
  if (type === 'messageerror') return 'a message could not be read';
  return type === 'error' ? 'its script could not be loaded' : String(reason);
}

function webThread<Api>(
  script: WorkerScript,
  url: string | URL | undefined,
  die: (reason: unknown) => void,
): Thread<Api> {
  const worker = webWorker(script, url);
  const stop = (event: Event) => {
    event.preventDefault(); // otherwise Deno ends the whole program
    die(event);
  };
  const events = ['error', 'messageerror'] as const;
  for (const event of events) worker.addEventListener(event, stop);
  const terminate = () => {
    worker.terminate();
    // Deno keeps an ended worker and its listeners, and through them everything up to the owner's GPU device.
    for (const event of events) worker.removeEventListener(event, stop);
  };
  return { remote: wrap<Api>(worker), hold() {}, terminate };
}

function webWorker(script: WorkerScript, given: string | URL | undefined): Worker {
  const moved = movedFrom();
  const url = given ?? (moved && `${moved}bagssl/dist/${script.file}`);
  try {
    return url ? new Worker(url, { type: 'module' }) : script.web();
  } catch (error) {
    if ((error as Error).name !== 'SecurityError') throw error;
    // The script has another origin, such as a CDN. A worker of this origin may import it if CORS allows.
    const address = JSON.stringify(new URL(url ?? `./${script.file}`, HERE));
    return new Worker(URL.createObjectURL(new Blob([`import ${address};`], { type: 'text/javascript' })), {
      type: 'module',
    });
  }
}

function nodeThread<Api>(
  script: WorkerScript,
  url: string | URL | undefined,
  die: (reason: unknown) => void,
): Thread<Api> {
  const { Worker: NodeWorker } = nodeThreads()!;
  // Flags of the main thread, such as --input-type, would stop the worker from loading.
  const worker = new NodeWorker(new URL(url ?? `./${script.file}`, HERE), { execArgv: [] });
  worker.on('error', die);
  worker.on('messageerror', die);
  worker.on('exit', (code) => die(`it exited with code ${code}`));
  return {
    remote: wrap<Api>(nodeEndpoint(worker)),
    hold: (keep) => (keep ? worker.ref() : worker.unref()),
    terminate: () => worker.terminate(),
  };
}
