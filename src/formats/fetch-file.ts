import { BagsslError } from '../base/errors.ts';
import { checkOptions, FUNCTION, LIMIT, needed, type Rules, SIGNAL } from '../base/options.ts';
import { sha256 } from '../base/sha256.ts';
import { fetchBytes } from './fetch-bytes.ts';

/** How a file is fetched and verified. */
export interface FetchFileOptions {
  /** The SHA-256 of the file, in hexadecimal. */
  readonly sha256: string;
  /** The largest file accepted, in bytes; default 256 MiB. */
  readonly most?: number;
  /** Stops the download with an `aborted` error. */
  readonly signal?: AbortSignal;
  /** Called with the bytes received and their total; Infinity if the server does not state it. */
  readonly onProgress?: (done: number, total: number) => void;
}

const RULES: Rules<FetchFileOptions> = {
  sha256: needed({
    asked: '64 hexadecimal digits',
    fits: (value) => typeof value === 'string' && /^[0-9a-f]{64}$/i.test(value),
  }),
  most: LIMIT,
  signal: SIGNAL,
  onProgress: FUNCTION,
};

const MOST = 256 * 1024 ** 2;

/**
 * Fetches a file, such as a model's weights, and verifies its SHA-256. The download stops beyond `most` bytes. Other than this,
 * the package uses the network only for images and encoders that a caller names by URL.
 * @throws BagsslError `bad-data` if the file cannot be fetched, is too large, or has another SHA-256; `aborted`; `bad-argument`
 */
export async function fetchFile(url: string | URL, options: FetchFileOptions): Promise<Uint8Array<ArrayBuffer>> {
  checkOptions('fetchFile', options, RULES);
  const { sha256: expected, most = MOST, ...rest } = options;
  const bytes = await fetchBytes(url, { most, ...rest });
  const digest = await sha256(bytes);
  if (digest === expected.toLowerCase()) return bytes;
  throw new BagsslError(
    'bad-data',
    `${url} is not the expected file: its ${bytes.length} bytes have SHA-256 ${digest}, not ${expected}. It was replaced or changed in transit; do not use it.`,
  );
}
