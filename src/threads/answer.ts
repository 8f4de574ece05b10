import { BagsslError, type ErrorCode } from '../base/errors.ts';

/** What a worker answers. Comlink passes on an error's message but drops its `code`, so an error crosses as a value. */
export type Answer<T> =
  | { readonly value: T }
  | { readonly error: { readonly code: ErrorCode; readonly message: string } };

/** The worker's half: what `work` returns or throws, as an answer. Errors that are not BagsslErrors are left to Comlink. */
export async function answer<T>(work: () => T | Promise<T>): Promise<Answer<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    if (!(error instanceof BagsslError)) throw error;
    return { error: { code: error.code, message: error.message } };
  }
}

/**
 * The owner's half: an answer's value.
 * @throws BagsslError the error in the answer, with this `cause`
 */
export function take<T>(answer: Answer<T>, cause?: unknown): T {
  if ('value' in answer) return answer.value;
  const { code, message } = answer.error;
  throw new BagsslError(code, message, cause === undefined ? undefined : { cause });
}
