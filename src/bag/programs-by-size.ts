import type { Program } from '../runtime/program.ts';

/** Programs that were compiled for images of one size each. The last few are kept; photographs come in few sizes. */
export class ProgramsBySize<Compiled extends { readonly program: Program }> {
  /** The most recently used are last. */
  readonly #programs = new Map<string, Compiled>();
  /** One run after the other, so that no program is disposed while another run needs it. */
  #turn: Promise<unknown> = Promise.resolve();

  /** @param kept programs, each of which holds the weights */
  constructor(
    private readonly kept: number,
    private readonly compile: (rows: number, columns: number) => Promise<Compiled>,
  ) {}

  /** Does `work` with the program for this size, after all earlier work. */
  use<T>(rows: number, columns: number, work: (compiled: Compiled) => Promise<T>): Promise<T> {
    const result = this.#turn.then(async () => work(await this.#program(rows, columns)));
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async dispose(): Promise<void> {
    await this.#turn;
    for (const { program } of this.#programs.values()) await program.dispose();
    this.#programs.clear();
  }

  async #program(rows: number, columns: number): Promise<Compiled> {
    const key = `${rows}×${columns}`;
    const compiled = this.#programs.get(key) ?? (await this.compile(rows, columns));
    this.#programs.delete(key);
    this.#programs.set(key, compiled);
    if (this.#programs.size > this.kept) {
      const [[oldest, { program }]] = this.#programs;
      this.#programs.delete(oldest);
      await program.dispose();
    }
    return compiled;
  }
}
