import { find } from './dom.ts';
import type { Embedding, Which } from './embedding.ts';
import type { Engine } from './engine.ts';
import { Trouble } from './explain.ts';
import { keptEncoder } from './kept-encoder.ts';
import { complain, say } from './say.ts';

/** What the value of a file's option begins with. */
const FILE = 'file ';

/** An encoder that is open. */
export interface Opened {
  readonly which: Which;
  readonly fingerprint: string;
}

/** A page's choice of encoder. The one trained here is offered if there is one, and chosen if the address asks for it. */
export class EncoderChoice {
  readonly #offered: Promise<void>;
  readonly #files: Uint8Array[] = [];
  #opened: Opened | undefined;
  /** The option of the encoder that was opened last. */
  #last: string | undefined;

  constructor(
    private readonly select: HTMLSelectElement,
    private readonly onChange: () => void,
  ) {
    select.onchange = onChange;
    this.#offered = this.#offer();
  }

  /**
   * Opens the chosen encoder, unless it is open. Where it does not open, the page says why, and the last one is chosen and opened again.
   * @param wanted whether it is still asked for; once it is not, this resolves to undefined
   */
  async open(embedding: Embedding, engine: Promise<Engine>, wanted: () => boolean): Promise<Opened | undefined> {
    await this.#offered;
    const { device } = await engine;
    if (!wanted()) return undefined;
    const { value } = this.select;
    const which = value.startsWith(FILE) ? this.#files[Number(value.slice(FILE.length))] : (value as Which);
    if (this.#opened?.which === which) return this.#opened;
    say('Opening the encoder …');
    this.#opened = undefined;
    try {
      const fingerprint = await embedding.open(which, device);
      if (!wanted()) return undefined; // another may be opening by now
      this.#opened = { which, fingerprint };
      this.#last = value;
      return this.#opened;
    } catch (error) {
      if (!wanted()) return undefined;
      if (this.#last === undefined || this.#last === value) throw error;
      this.select.value = this.#last;
      const reason = error instanceof Error ? error.message : String(error);
      complain(new Trouble(`This encoder does not open: ${reason}`, 'The one before it is used again.'));
      return this.open(embedding, engine, wanted);
    }
  }

  /** Offers a file, and chooses it. Returns the option, whose text may be changed. */
  offer(name: string, bytes: Uint8Array): HTMLOptionElement {
    const option = new Option(name.split('/').at(-1), `${FILE}${this.#files.push(bytes) - 1}`);
    this.select.append(option);
    this.select.value = option.value;
    this.onChange();
    return option;
  }

  async #offer(): Promise<void> {
    const kept = await keptEncoder();
    if (!kept) return;
    const option = find<HTMLOptionElement>('option[value=own]', this.select);
    option.disabled = false;
    option.textContent = `trained here, ${kept.made.toLocaleString()}`;
    if (new URLSearchParams(location.search).get('encoder') === 'own') this.select.value = 'own';
  }
}
