import { checkAborted } from '../base/aborted.ts';
import { BagsslError } from '../base/errors.ts';
import { type BodyOptions, bodyOf } from '../formats/body-of.ts';
import { signalFor } from '../formats/signal-for.ts';

interface Files {
  readonly promises: { readFile(path: string | URL): Promise<Uint8Array> };
}

/** The file system, where there is one: Node and Deno. */
const files = (): Files | undefined =>
  (globalThis as { process?: { getBuiltinModule?: (name: string) => Files | undefined } }).process?.getBuiltinModule?.(
    'node:fs',
  );

/**
 * The bytes at a URL (`http:`, `https:`, `data:`, `blob:`; in a page also one relative to it). In Node and Deno also `file:`
 * and a file's path.
 * @throws BagsslError `bad-data` naming the address, if they cannot be had; `aborted`
 */
export async function bytesAt(
  address: URL | string,
  { signal, onProgress }: Pick<BodyOptions, 'onProgress'> & { readonly signal?: AbortSignal } = {},
): Promise<Uint8Array> {
  const fs = files();
  const fetched = !fs || /^(https?|data|blob):/i.test(String(address));
  const name = String(address).slice(0, 200);
  try {
    if (fetched) {
      const response = await fetch(address, { signal: signalFor(address, signal) });
      if (!response.ok) throw new Error(`the server answers ${response.status}`);
      const bytes = await bodyOf(response, { onProgress });
      checkAborted(signal, `Reading "${name}" was stopped.`);
      return bytes;
    }
    const text = String(address);
    return await fs.promises.readFile(text.startsWith('file:') ? new URL(text) : text);
  } catch (cause) {
    if (cause instanceof BagsslError) throw cause;
    checkAborted(signal, `Reading "${name}" was stopped.`);
    throw new BagsslError('bad-data', `"${name}" cannot be read: ${(cause as Error).message}`, { cause });
  }
}
