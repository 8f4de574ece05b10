import { BagsslError, type ErrorCode } from 'bagssl';

/** What happened in words for whoever looks at the page, and what they can do. */
export interface Explanation {
  readonly what: string;
  readonly advice: string;
  /** What the program said, where that is more. */
  readonly detail?: string;
}

/** A fault that a page knows how to put itself. */
export class Trouble extends Error {
  constructor(
    message: string,
    readonly advice: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Why there is no camera: the browser's name for it, or ours. */
const CAMERA: Readonly<Record<string, readonly [what: string, advice: string]>> = {
  insecure: [
    'This page cannot ask for the camera.',
    'Browsers allow it only to pages whose address begins with https://. Open it by such an address.',
  ],
  ended: ['The camera stopped.', 'If it was unplugged, connect it again; then start it again.'],
  NotAllowedError: ['The camera was refused.', 'Allow it by the sign beside the address, then press the button again.'],
  NotFoundError: ['There is no camera here.', 'Connect one, then press the button again.'],
};

const NO_START = [
  'The camera does not start.',
  'Another program may be using it: close that, then press the button again.',
] as const;

/** The trouble with a camera, by the name of a DOMException, or `insecure`, or `ended`. */
export const cameraTrouble = (why: string, cause?: unknown): Trouble =>
  new Trouble(...(CAMERA[why] ?? NO_START), { cause });

/** Where the graphics card was lost and the page goes on without it. */
export const cardStopped = (): Trouble =>
  new Trouble('The graphics card stopped.', 'This page goes on on the processor; load it again to use the card again.');

const RELOAD = 'Load the page again; if it stays so, try another browser.';

const WORDS: Partial<Record<ErrorCode, readonly [what: string, advice: string]>> = {
  'bad-checkpoint': [
    'What was kept of the training is damaged.',
    'Start a new training; it takes the place of the damaged one.',
  ],
  'device-unavailable': [
    'The engine that computes could not be started.',
    'Load the page again. If a school or company filters this network, it may block WebAssembly files (.wasm); if the graphics card is the trouble, choose “processor”.',
  ],
  'device-lost': [
    'The graphics card stopped.',
    'Load the page again and resume, on “processor” if it happens once more.',
  ],
  'out-of-memory': ['This device has not enough memory for it.', 'Close other tabs, or take fewer pictures.'],
  'worker-failed': [
    'A part of this page that works in the background could not run.',
    'Load the page again. If it stays so, something here blocks web workers: an extension or the settings of the browser.',
  ],
  'run-busy': ['This training is open in another tab.', 'Go on there, or close that tab and load this page again.'],
  'not-saved': [
    'The browser did not let this page keep its files.',
    'What is on the page goes on working, but is lost when you leave. A private window, a full disk, or an address without https:// may be why.',
  ],
  diverged: ['The training went astray.', 'Start again, with more or other pictures.'],
  'data-stalled': ['The pictures do not arrive.', 'Choose them again.'],
};

/** Any error, as words. */
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
  return { what: 'Something went wrong that should not.', advice: RELOAD, detail };
}
