import { BagsslError } from './errors.ts';
import { given } from './options.ts';

const aborted = (signal: AbortSignal, message: string) => new BagsslError('aborted', message, { cause: signal.reason });

/**
 * @throws BagsslError `aborted` with this message, its cause the signal's reason, once the signal is aborted; `bad-argument` for
 * what is no signal, such as the controller it belongs to, which would never stop anything
 */
export function checkAborted(signal: AbortSignal | undefined, message: string): void {
  if (signal === undefined) return;
  given(typeof signal?.aborted === 'boolean', signal, 'signal', 'an AbortSignal, such as new AbortController().signal');
  if (signal.aborted) throw aborted(signal, message);
}

/**
 * What `work` gives. If the signal is aborted first, the error comes at once, as not all work can be stopped (ONNX Runtime's
 * start cannot), and what comes of the work later goes to `drop`, which frees it.
 */
export async function unlessAborted<T>(
  signal: AbortSignal | undefined,
  message: string,
  work: () => Promise<T>,
  drop: (late: T) => unknown,
): Promise<T> {
  checkAborted(signal, message);
  const result = work();
  if (!signal) return result;
  let stop: (() => void) | undefined;
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(aborted(signal, message));
    signal.addEventListener('abort', stop);
  });
  try {
    return await Promise.race([result, stopped]);
  } catch (error) {
    // If it was the work that failed, there is nothing to drop.
    if (signal.aborted) result.then(drop).catch(() => undefined);
    throw error;
  } finally {
    signal.removeEventListener('abort', stop!);
  }
}
