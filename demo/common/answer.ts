import type { BagsslError, ErrorCode } from 'bagssl';

/** What a worker answers: Comlink hands an error's message over, but not its code. */
export type Answer<T> =
  | { readonly value: T }
  | { readonly error: { readonly code?: ErrorCode; readonly message: string } };

/** What some work gives, as an answer. */
export const answer = <T>(work: () => Promise<T>): Promise<Answer<T>> =>
  work().then(
    (value): Answer<T> => ({ value }),
    ({ code, message }: BagsslError): Answer<T> => ({ error: { code, message } }),
  );
