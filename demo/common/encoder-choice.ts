import { find } from './dom.ts';
import type { Which } from './embedding.ts';
import { keptEncoder } from './kept-encoder.ts';

/** What the value of a file's option begins with. */
const FILE = 'file ';

/** A page's choice of encoder. The one trained here is offered if there is one, and chosen if the address asks for it. */
export class EncoderChoice {
  readonly #offered: Promise<void>;
  readonly #files: Uint8Array[] = [];

  constructor(
    private readonly select: HTMLSelectElement,
    private readonly onChange: () => void,
  ) {
    select.onchange = onChange;
    this.#offered = this.#offer();
  }

  async which(): Promise<Which> {
    await this.#offered;
    const { value } = this.select;
    return value.startsWith(FILE) ? this.#files[Number(value.slice(FILE.length))] : (value as Which);
  }

  /** Offers a file that was dropped, and chooses it. */
  offer(name: string, bytes: Uint8Array): void {
    const option = new Option(name.split('/').at(-1), `${FILE}${this.#files.push(bytes) - 1}`);
    this.select.append(option);
    this.select.value = option.value;
    this.onChange();
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
