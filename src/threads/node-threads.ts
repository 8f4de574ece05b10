type WorkerThreads = typeof import('node:worker_threads');

/**
 * Node's worker threads, or undefined where workers are the web's (browsers, Deno). Reached at run time, so that no
 * bundler for browsers meets an import of Node's.
 */
export function nodeThreads(): WorkerThreads | undefined {
  return 'Deno' in globalThis ? undefined : globalThis.process?.getBuiltinModule?.('node:worker_threads');
}

/** Logical processors, 1 where it is unknown. */
export function processors(): number {
  const web = globalThis.navigator?.hardwareConcurrency;
  return web ?? globalThis.process?.getBuiltinModule?.('node:os').availableParallelism() ?? 1;
}
