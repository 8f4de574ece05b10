import { checkAborted } from '../base/aborted.ts';
import { BagsslError } from '../base/errors.ts';
import { givenParts } from '../base/options.ts';
import { sha256 } from '../base/sha256.ts';
import { bodyOf } from './body-of.ts';
import { signalFor } from './signal-for.ts';

/** What the file must be, and how it is fetched. */
export interface FetchFileOptions {
  /** The SHA-256 that the bytes must have, in hexadecimal. */
  readonly sha256: string;
  /** The most bytes that are taken; default 256 MiB. */
  readonly most?: number;
  /** Ends the download with `aborted`. */
  readonly signal?: AbortSignal;
  /** Bytes that have come, of how many; Infinity where the server does not say. */
  readonly onProgress?: (done: number, total: number) => void;
}

const MOST = 256 * 1024 ** 2;

/**
 * The bytes of a file on the web, such as a model's weights, if they are the ones they should be. What comes in beyond `most`
 * is not taken. Beside this, the network is asked only for images and encoders that a caller names by a URL.
 * @throws BagsslError `bad-data` where the file cannot be had, is too large, or is another one; `aborted`
 */
export async function fetchFile(url: string | URL, options: FetchFileOptions): Promise<Uint8Array<ArrayBuffer>> {
  givenParts(options, 'What fetchFile is given', 'sha256');
  const { most = MOST, signal, onProgress } = options;
  if (!/^[0-9a-f]{64}$/i.test(options.sha256)) {
    throw new BagsslError('bad-argument', `sha256 is "${options.sha256}"; it must be 64 hexadecimal digits.`);
  }
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    const response = await fetch(url, { signal: signalFor(url, signal) });
    if (!response.ok) throw new BagsslError('bad-data', `${url} cannot be had: ${response.status}.`);
    bytes = await bodyOf(response, { most, onProgress });
    checkAborted(signal, `Fetching ${url} was aborted.`);
  } catch (cause) {
    if (cause instanceof BagsslError) throw cause;
    checkAborted(signal, `Fetching ${url} was aborted.`);
    throw new BagsslError('bad-data', `${url} cannot be had: ${(cause as Error).message}.`, { cause });
  }
  const digest = await sha256(bytes);
  if (digest === options.sha256.toLowerCase()) return bytes;
  throw new BagsslError(
    'bad-data',
    `${url} is not the file it should be (${bytes.length} bytes, SHA-256 ${digest}, not ${options.sha256}). It was changed on the way or replaced; do not use it.`,
  );
}
