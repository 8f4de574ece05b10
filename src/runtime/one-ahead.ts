/** Keeps a program at most one run ahead of the GPU. Where nothing is read nothing is waited for, and runs would be queued without end. */
export class OneAhead {
  #last?: Promise<undefined>;

  /** To be called after each run; ends when the GPU has done the run before. */
  after(gpu: GPUDevice): Promise<undefined> {
    const before = this.#last ?? Promise.resolve(undefined);
    this.#last = gpu.queue.onSubmittedWorkDone().catch(() => undefined); // a lost GPU is told otherwise
    return before;
  }
}
