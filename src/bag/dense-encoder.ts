import { compileAnyBatch } from '../engine/compile.ts';
import type { Outputs } from '../graph/needed.ts';
import type { Program } from '../runtime/program.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { type DenseForm, denseForm } from './dense-form.ts';

/** The vectors of every patch of a few images of one size, [images · down · across, width]. */
export interface DenseVectors extends Omit<DenseForm, 'outputs'> {
  readonly vectors: Float32Array;
}

type Compiled = Omit<DenseForm, 'outputs'> & { readonly program: Program };

/** Programs kept: each holds the weights. Photographs come in few shapes. */
const KEPT = 8;

/** Encodes all patches of whole images at once. A program is compiled for every size of image, and the last few are kept. */
export class DenseEncoder {
  /** Those used last at the end. */
  readonly #programs = new Map<string, Compiled>();
  /** One run after the other, so that no program is given up while another run needs it. */
  #turn: Promise<unknown> = Promise.resolve();

  /** @param patch the network's graph of one patch: one output [1, width] of one input [1, 3, size, size] */
  constructor(
    private readonly runtime: Runtime,
    private readonly patch: Outputs,
  ) {}

  /**
   * From a patch to the next, px.
   * @throws BagsslError `bad-model` for an encoder that has no dense form
   */
  get stride(): number {
    const [{ graph }] = Object.values(this.patch);
    const [, , rows, columns] = graph.inputs[0].shape;
    return denseForm(this.patch, 1, rows, columns).stride;
  }

  /**
   * @param data [images, 3, rows, columns], normalised as patches are
   * @throws BagsslError `bad-model` for an encoder that has no dense form
   */
  run(data: Float32Array, images: number, rows: number, columns: number): Promise<DenseVectors> {
    const result = this.#turn.then(async () => {
      const { program, ...places } = await this.#program(rows, columns);
      const results = await program.run({ images: { data, shape: [images, 3, rows, columns] } });
      return { vectors: Object.values(results)[0], ...places };
    });
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
    const compiled = this.#programs.get(key) ?? (await this.#compile(rows, columns));
    this.#programs.delete(key);
    this.#programs.set(key, compiled);
    if (this.#programs.size > KEPT) {
      const [[oldest, { program }]] = this.#programs;
      this.#programs.delete(oldest);
      await program.dispose();
    }
    return compiled;
  }

  async #compile(rows: number, columns: number): Promise<Compiled> {
    const { outputs: _, ...places } = denseForm(this.patch, 1, rows, columns);
    const build = (images: number) => denseForm(this.patch, images, rows, columns).outputs;
    return { program: await compileAnyBatch(this.runtime, build), ...places };
  }
}
