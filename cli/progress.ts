import { inOneLine } from './quoted.ts';

/** One line of progress on stderr: redrawn on a terminal, written now and then elsewhere. */
export class Progress {
  #last = Number.NEGATIVE_INFINITY;
  #open = false;
  readonly #terminal = process.stderr.isTTY === true;

  /** Draws `share` (0 to 1) and the text, at most 10 times a second on a terminal and every 10 seconds elsewhere. */
  show(share: number, text: string): void {
    const now = performance.now();
    if (now - this.#last < (this.#terminal ? 100 : 10_000)) return;
    this.#last = now;
    const line = `${bar(share)} ${text}`;
    if (this.#terminal) {
      process.stderr.write(`\r\x1b[2K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`);
      this.#open = true;
    } else {
      process.stderr.write(`${line}\n`);
    }
  }

  /** Writes a line that stays. */
  say(text: string): void {
    this.clear();
    process.stderr.write(`${text.split('\n').map(inOneLine).join('\n')}\n`);
  }

  clear(): void {
    if (this.#open) process.stderr.write('\r\x1b[2K');
    this.#open = false;
    this.#last = Number.NEGATIVE_INFINITY;
  }
}

/** How fast something is done, from the first report on: what was done before it, in an earlier run, took no time now. */
export class Pace {
  #first?: { readonly done: number; readonly at: number };

  /** "120 of 700 images, 35 images/s, 17 s left" */
  describe(done: number, total: number, what: string): string {
    const at = performance.now() / 1000;
    this.#first ??= { done, at };
    const rate = (done - this.#first.done) / (at - this.#first.at);
    const known = Number.isFinite(rate) && rate > 0;
    const pace = known ? `, ${rate.toFixed(rate < 10 ? 1 : 0)} ${what}/s, ${duration((total - done) / rate)} left` : '';
    return `${done} of ${total} ${what}${pace}`;
  }
}

function bar(share: number): string {
  const width = 20;
  const full = Math.round(Math.max(0, Math.min(1, share)) * width);
  return `[${'#'.repeat(full)}${'.'.repeat(width - full)}] ${`${Math.floor(share * 100)}`.padStart(3)} %`;
}

/** Seconds in words: 45 s, 3 min 20 s, 1 h 5 min. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}
