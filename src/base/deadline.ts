const TICK_MS = 250;

/**
 * What `work` resolves to, or the error of `late` once so many seconds have passed in which this program ran. A laptop asleep, a
 * frozen tab and a clock that was set do not count; a thread that was busy counts twice a tick at most.
 */
export async function within<T>(seconds: number, work: Promise<T>, late: () => Error): Promise<T> {
  let timer: ReturnType<typeof setInterval> | undefined;
  let last = performance.now();
  let passed = 0;
  const deadline = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      const now = performance.now();
      passed += Math.min(now - last, 2 * TICK_MS);
      last = now;
      if (passed >= seconds * 1000) reject(late());
    }, TICK_MS);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearInterval(timer);
  }
}
