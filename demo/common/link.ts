import { BagsslError } from 'bagssl';
import { type Remote, wrap } from 'comlink';
import type { Answer } from './answer.ts';

/** Seconds that a worker may take to start. */
const START_SECONDS = 30;

/** What every worker of these pages answers. */
export interface Startable {
  ready(): Promise<boolean>;
}

/** A question to a worker. */
export type Question<Face, T> = (face: Remote<Face>) => Promise<Answer<T>>;

/** A worker that is asked, and whose failure fails what is asked of it. */
export class Link<Face extends Startable> implements Disposable {
  readonly #face: Remote<Face>;
  readonly #ready: Promise<unknown>;
  readonly #failed: Promise<never>;
  #fail!: (error: BagsslError) => void;

  /**
   * @param what it does, for messages
   * @param first is asked before anything else
   */
  constructor(
    private readonly worker: Worker,
    what: string,
    first?: Question<Face, unknown>,
  ) {
    this.#face = wrap<Face>(worker);
    this.#failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.#failed.catch(() => undefined);
    const fail = (why: string) => this.#fail(new BagsslError('worker-failed', `The worker that ${what} ${why}.`));
    worker.onerror = (event) => {
      event.preventDefault();
      fail(`did not run: ${event.message ?? 'no reason given'}`);
    };
    const late = setTimeout(() => fail(`has not started after ${START_SECONDS} seconds`), 1000 * START_SECONDS);
    const ready = (this.#face as Remote<Startable>).ready();
    this.#ready = ready.then(() => {
      clearTimeout(late);
      return first && this.#answer(first);
    });
  }

  /** @throws BagsslError what the worker's work throws; `worker-failed` */
  async ask<T>(question: Question<Face, T>): Promise<T> {
    await Promise.race([this.#ready, this.#failed]);
    return this.#answer(question);
  }

  /** Ends the worker; what is asked of it fails with this error. */
  end(error = new BagsslError('disposed', 'The worker was ended.')): void {
    this.worker.terminate();
    this.#fail(error);
  }

  [Symbol.dispose](): void {
    this.end();
  }

  async #answer<T>(question: Question<Face, T>): Promise<T> {
    const answer = await Promise.race([question(this.#face), this.#failed]);
    if ('value' in answer) return answer.value;
    const { code, message } = answer.error;
    throw code ? new BagsslError(code, message) : new Error(message);
  }
}
