import { checkAborted } from '../base/aborted.ts';
import { BagsslError } from '../base/errors.ts';
import { type FetchBytesOptions, fetchBytes } from '../formats/fetch-bytes.ts';

interface Files {
  readonly promises: { readFile(path: string | URL): Promise<Uint8Array> };
}

/** The file system, in Node and Deno. */
const files = (): Files | undefined =>
  (globalThis as { process?: { getBuiltinModule?: (name: string) => Files | undefined } }).process?.getBuiltinModule?.(
    'node:fs',
  );

/**
 * The bytes at a URL (`http:`, `https:`, `data:`, `blob:`; in a page also a relative one). In Node and Deno also at `file:` and
 * at a path.
 * @throws BagsslError `bad-data` naming the address, if it cannot be read; `aborted`
 */
export async function bytesAt(address: URL | string, options: FetchBytesOptions = {}): Promise<Uint8Array> {
  const fs = files();
  const text = String(address);
  if (!fs || /^(https?|data|blob):/i.test(text)) return fetchBytes(address, options);
  try {
    return await fs.promises.readFile(text.startsWith('file:') ? new URL(text) : text);
  } catch (cause) {
    const name = text.slice(0, 200);
    checkAborted(options.signal, `Reading "${name}" was stopped.`);
    const { code, message } = cause as Error & { readonly code?: string };
    const why = code === 'EISDIR' ? 'it is a folder; name a file in it.' : message;
    throw new BagsslError('bad-data', `"${name}" cannot be read: ${why}`, { cause });
  }
}
