type WorkerThreads = typeof import('node:worker_threads');

/**
 * Node's worker threads; undefined where workers are the web's (browsers, Deno). Looked up at run time, so that bundlers for
 * browsers see no import of Node's.
 */
export function nodeThreads(): WorkerThreads | undefined {
  return 'Deno' in globalThis ? undefined : globalThis.process?.getBuiltinModule?.('node:worker_threads');
}

/** Logical processors; 1 if unknown. */
export function processors(): number {
  const web = globalThis.navigator?.hardwareConcurrency;
  return web ?? globalThis.process?.getBuiltinModule?.('node:os').availableParallelism() ?? 1;
}
