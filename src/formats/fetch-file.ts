import { BagsslError } from '../errors.ts';
import { sha256 } from './sha256.ts';

/** What the file must be, and how it is fetched. */
export interface FetchFileOptions {
  /** The SHA-256 that the bytes must have, in hexadecimal. */
  readonly sha256: string;
  /** The most bytes that are taken; default 256 MiB. */
  readonly most?: number;
  readonly signal?: AbortSignal;
}

const MOST = 256 * 1024 ** 2;

/**
 * The bytes of a file on the web, such as a model's weights, if they are the ones they should be. What comes in beyond `most`
 * is not taken. Beside this, the network is asked only for images and encoders that a caller names by a URL.
 * @throws BagsslError `bad-data` where the file cannot be had, is too large, or is another one; `aborted`
 */
export async function fetchFile(url: string | URL, options: FetchFileOptions): Promise<Uint8Array<ArrayBuffer>> {
  const { most = MOST, signal } = options;
  if (!/^[0-9a-f]{64}$/i.test(options.sha256)) {
    throw new BagsslError('bad-argument', `sha256 is "${options.sha256}"; it must be 64 hexadecimal digits.`);
  }
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    const response = await fetch(url, { signal });
    if (!response.ok) throw new BagsslError('bad-data', `${url} cannot be had: ${response.status}.`);
    bytes = await within(response, most, url);
  } catch (cause) {
    if (cause instanceof BagsslError) throw cause;
    if (signal?.aborted) throw new BagsslError('aborted', `Fetching ${url} was aborted.`, { cause });
    throw new BagsslError('bad-data', `${url} cannot be had: ${(cause as Error).message}.`, { cause });
  }
  const digest = await sha256(bytes);
  if (digest === options.sha256.toLowerCase()) return bytes;
  throw new BagsslError(
    'bad-data',
    `${url} is not the file it should be (${bytes.length} bytes, SHA-256 ${digest}, not ${options.sha256}). It was changed on the way or replaced; do not use it.`,
  );
}

/** The body, read piece by piece: what the header says of its length is a claim. */
async function within(response: Response, most: number, url: string | URL): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for (const reader = response.body!.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > most) {
      await reader.cancel();
      throw new BagsslError('bad-data', `${url} is larger than ${most} bytes, the most that are taken (most).`);
    }
    parts.push(value);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
