import { find, make } from './dom.ts';
import { explain } from './explain.ts';

/** Says how things stand, also to a screen reader, in the line at the foot of the page. */
export function say(text: string): void {
  find('#status').textContent = text;
}

/** Says what went wrong and what to do about it; it stays until it is closed or `calm` is called. */
export function complain(error: unknown): void {
  const { what, advice, detail } = explain(error);
  const close = make(
    'button',
    { type: 'button', className: 'quiet', ariaLabel: 'Close this message', onclick: calm },
    '×',
  );
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
