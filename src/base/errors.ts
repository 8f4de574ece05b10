/** What went wrong, as a word a program can test. Messages are for people and may change; codes are kept. */
export type ErrorCode =
  | 'bad-argument'
  | 'bad-data'
  | 'bad-checkpoint'
  | 'bad-model'
  | 'unsupported-operator'
  | 'shape-mismatch'
  | 'device-unavailable'
  | 'diverged'
  | 'aborted'
  | 'run-busy'
  | 'not-saved'
  | 'data-stalled'
  | 'device-lost'
  | 'out-of-memory'
  | 'worker-failed'
  | 'missing-dependency'
  | 'disposed';

/** Every error this package throws on purpose: a `code`, the offending value quoted in the message, and what to do. */
export class BagsslError extends Error {
  /** Tells it from other errors where `instanceof` cannot, such as between realms. */
  override readonly name = 'BagsslError';

  /** The part of the message that says what happened, without the advice; by default the message. */
  readonly reason: string;

  /** Also what another copy of this module made: a bundle, and what it loads later, may have one each. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'BagsslError';
  }

  /** An error of this package; programs meet it rather than make it. */
  constructor(
    /** What went wrong. */
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions & { readonly reason?: string },
  ) {
    super(message, options);
    this.reason = options?.reason ?? message;
  }
}
