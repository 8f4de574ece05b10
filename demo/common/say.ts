import { find, make } from './dom.ts';
import { explain } from './explain.ts';

/** What is said lies over the page, so it goes away again. */
const SAID_SECONDS = 8;

let said: ReturnType<typeof setTimeout>;

/** Says how things stand, also to a screen reader, at the foot of the window. */
export function say(text: string): void {
  const status = find('#status');
  status.textContent = text;
  clearTimeout(said);
  said = setTimeout(() => status.replaceChildren(), 1000 * SAID_SECONDS);
}

/** Says what went wrong and what to do about it; it stays until it is closed or `calm` is called. */
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

/** Takes the last complaint away. */
export function calm(): void {
  find('#alert').replaceChildren();
}

/** Does something; what goes wrong is said on the page. Resolves to undefined then. */
export async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    say('');
    complain(error);
    return undefined;
  }
}
