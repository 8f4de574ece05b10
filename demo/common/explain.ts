import { BagsslError, type ErrorCode } from 'bagssl';

/** What happened, in words for the page's user, and what they can do about it. */
export interface Explanation {
  readonly what: string;
  readonly advice: string;
  /** The program's own message, if it says more. */
  readonly detail?: string;
}

/** A fault that a page explains itself. */
export class Trouble extends Error {
  constructor(
    message: string,
    readonly advice: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Why there is no camera, by the browser's name for it or ours. */
const CAMERA: Readonly<Record<string, readonly [what: string, advice: string]>> = {
  insecure: [
    'This page cannot ask for the camera.',
    'Browsers allow it only to pages whose address begins with https://. Open this page at such an address.',
  ],
  ended: ['The camera stopped.', 'If it was unplugged, connect it again; then start it again.'],
  NotAllowedError: [
    'The camera was refused.',
    'Allow it with the icon beside the address, then press the button again.',
  ],
  NotFoundError: ['There is no camera here.', 'Connect one, then press the button again.'],
};

const NO_START = [
  'The camera does not start.',
  'Another program may be using it: close that, then press the button again.',
] as const;

/** The trouble with a camera, by the name of a DOMException, or `insecure`, or `ended`. */
export const cameraTrouble = (why: string, cause?: unknown): Trouble =>
  new Trouble(...(CAMERA[why] ?? NO_START), { cause });

/** The graphics card was lost, and the page continues without it. */
export const cardStopped = (): Trouble =>
  new Trouble('The graphics card stopped.', 'This page continues on the processor. Reload it to use the card again.');

const RELOAD = 'Reload the page. If that does not help, try another browser.';

const WORDS: Partial<Record<ErrorCode, readonly [what: string, advice: string]>> = {
  'bad-checkpoint': ['The saved training is damaged.', 'Start a new training; it replaces the damaged one.'],
  'device-unavailable': [
    'The compute engine could not be started.',
    'Reload the page. If a school or company filters this network, it may block WebAssembly files (.wasm). If the graphics card is the problem, choose “processor”.',
  ],
  'device-lost': ['The graphics card stopped.', 'Reload the page and resume. If it happens again, choose “processor”.'],
  'out-of-memory': ['This device does not have enough memory.', 'Close other tabs, or use fewer pictures.'],
  'worker-failed': [
    'A background worker of this page could not run.',
    'Reload the page. If that does not help, an extension or a browser setting blocks web workers.',
  ],
  'run-busy': ['This training is open in another tab.', 'Continue there, or close that tab and reload this page.'],
  'not-saved': [
    'The browser did not let this page save its files.',
    'The page keeps working, but everything on it is lost when you leave. The cause may be a private window, a full disk, or an address without https://.',
  ],
  diverged: ['The training diverged.', 'Start over, with more or different pictures.'],
  'data-stalled': ['The pictures could not be loaded in time.', 'Choose them again.'],
};

/** Explains any error. */
export function explain(error: unknown): Explanation {
  if (error instanceof Trouble) return { what: error.message, advice: error.advice };
  const detail = error instanceof Error ? error.message : String(error);
  if (error instanceof BagsslError) {
    const words = WORDS[error.code];
    if (words) return { what: words[0], advice: words[1], detail };
    return { what: detail, advice: '' };
  }
  if (error instanceof Error && error.name === 'ChunkLoadError')
    return { what: 'A part of this page is missing.', advice: RELOAD };
  return { what: 'Something unexpected went wrong.', advice: RELOAD, detail };
}
