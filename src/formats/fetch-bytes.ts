import { checkAborted } from '../base/aborted.ts';
import { BagsslError } from '../base/errors.ts';

export interface FetchBytesOptions {
  /** The largest response accepted, in bytes; default: any. */
  readonly most?: number;
  /** Stops the download with an `aborted` error. */
  readonly signal?: AbortSignal;
  /** Called with the bytes received and their total; Infinity if the server does not state it. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * The bytes at a URL.
 * @throws BagsslError `bad-data` naming the URL if it cannot be fetched or has more than `most` bytes; `aborted`
 */
export async function fetchBytes(
  url: string | URL,
  { most = Number.POSITIVE_INFINITY, signal, onProgress }: FetchBytesOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const name = String(url).slice(0, 200);
  const stopped = `Fetching ${name} was stopped.`;
  checkAborted(signal, stopped);
  try {
    const response = await fetch(url, { signal: signalFor(url, signal) });
    const isPage = /\bhtml\b/.test(response.headers.get('content-type') ?? '');
    if (!response.ok || isPage)
      throw new Error(`the server answered ${response.ok ? 'with a web page' : response.status}`);
    const bytes = await readBody(response, most, onProgress);
    checkAborted(signal, stopped);
    return bytes;
  } catch (cause) {
    if (cause instanceof BagsslError) throw cause;
    checkAborted(signal, stopped);
    throw new BagsslError('bad-data', `${name} could not be fetched: ${(cause as Error).message}.`, { cause });
  }
}

/** Node 24 throws an uncatchable error if fetching a `blob:` is aborted; such addresses are read immediately anyway. */
const signalFor = (url: string | URL, signal: AbortSignal | undefined): AbortSignal | undefined =>
  /^(blob|data):/i.test(String(url)) ? undefined : signal;

/** A response's body, read piece by piece: the length in its header is only a claim. */
async function readBody(
  response: Response,
  most: number,
  onProgress: FetchBytesOptions['onProgress'],
): Promise<Uint8Array<ArrayBuffer>> {
  const claim = Number(response.headers.get('content-length') ?? 0);
  // Decompressed, a body is longer than its header says.
  const total = claim > 0 && !response.headers.has('content-encoding') ? claim : Number.POSITIVE_INFINITY;
  const parts: Uint8Array[] = [];
  let length = 0;
  for (const reader = response.body!.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > most) {
      await reader.cancel();
      throw new BagsslError('bad-data', `${response.url} is larger than ${most} bytes, the limit (most).`);
    }
    parts.push(value);
    onProgress?.(length, total);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
