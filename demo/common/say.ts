import { find, make } from './dom.ts';
import { explain } from './explain.ts';

/** A message covers part of the page, so it disappears after a while. */
const SAID_SECONDS = 8;

let said: ReturnType<typeof setTimeout>;

/** Shows the current status at the bottom of the window, also to screen readers. */
export function say(text: string): void {
  const status = find('#status');
  status.textContent = text;
  clearTimeout(said);
  said = setTimeout(() => status.replaceChildren(), 1000 * SAID_SECONDS);
}

/** Shows what went wrong and what to do about it, until it is closed or `calm` is called. */
export function complain(error: unknown): void {
  const { what, advice, detail } = explain(error);
  const close = make('button', { type: 'button', className: 'quiet', ariaLabel: 'Close this message' }, '×');
  close.onclick = () => {
    calm();
    find('#main').focus({ preventScroll: true });
  };
  const more = detail
    ? [make('details', {}, make('summary', {}, 'What the program says'), make('p', {}, detail.slice(0, 600)))]
    : [];
  find('#alert').replaceChildren(
    make('div', {}, make('p', {}, make('strong', {}, what), ` ${advice}`), ...more),
    close,
  );
}

/** Removes the last error message. */
export function calm(): void {
  find('#alert').replaceChildren();
}

/**
 * Runs `work`; shows an error on the page and then resolves to undefined.
 * @param wanted whether the work is still asked for; once it is not, its errors are not shown
 */
export async function attempt<T>(work: () => Promise<T>, wanted = () => true): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!wanted()) return undefined;
    say('');
    complain(error);
    return undefined;
  }
}

/** "1 picture", "1,234 pictures". */
export const count = (n: number, what = 'picture'): string => `${n.toLocaleString('en')} ${what}${n === 1 ? '' : 's'}`;
