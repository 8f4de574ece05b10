/**
 * The signal with which to fetch an address. Node 24 throws where nobody can catch it when the fetch of a `blob:` is aborted, and
 * such an address is read at once anyway.
 */
export const signalFor = (address: string | URL, signal: AbortSignal | undefined): AbortSignal | undefined =>
  /^(blob|data):/i.test(String(address)) ? undefined : signal;
