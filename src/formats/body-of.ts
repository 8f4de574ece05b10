import { BagsslError } from '../base/errors.ts';

/** How much of a response is taken, and who is told. */
export interface BodyOptions {
  /** The most bytes that are taken. */
  readonly most?: number;
  /** Bytes that have come, of how many; Infinity where the server does not say. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * A response's body, read piece by piece: what its header says of its length is a claim.
 * @throws BagsslError `bad-data` for more than `most` bytes
 */
export async function bodyOf(
  response: Response,
  { most = Number.POSITIVE_INFINITY, onProgress }: BodyOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const claim = Number(response.headers.get('content-length') ?? 0);
  // What is compressed on the way is longer than its header says.
  const total = claim > 0 && !response.headers.has('content-encoding') ? claim : Number.POSITIVE_INFINITY;
  const parts: Uint8Array[] = [];
  let length = 0;
  for (const reader = response.body!.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > most) {
      await reader.cancel();
      throw new BagsslError(
        'bad-data',
        `${response.url} is larger than ${most} bytes, the most that are taken (most).`,
      );
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
