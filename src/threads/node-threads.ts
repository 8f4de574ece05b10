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

/**
 * The address of `node_modules/` where Vite's dev server, up to version 7, has put this module among its own files (`.vite/deps`), away
 * from the files beside it; undefined everywhere else. From version 8 Vite finds them, as bundlers do, by this form of their address.
 */
export function movedFrom(): string | undefined {
  return /^(https?:.*\/node_modules\/)\.vite\/deps/.exec(new URL('./index.js', import.meta.url).href)?.[1];
}
