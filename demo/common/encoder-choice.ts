import { find } from './dom.ts';
import type { Which } from './embedding.ts';
import { keptEncoder } from './kept-encoder.ts';

/** A page's choice of encoder. The one trained here is offered if there is one, and chosen if the address asks for it. */
export class EncoderChoice {
  readonly #offered: Promise<void>;

  constructor(
    private readonly select: HTMLSelectElement,
    onChange: () => void,
  ) {
    select.onchange = onChange;
    this.#offered = this.#offer();
  }

  async which(): Promise<Which> {
    await this.#offered;
    return this.select.value as Which;
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
