import { BagsslError } from '../base/errors.ts';
import { sha256 } from '../base/sha256.ts';
import { bytesAt } from '../data/bytes-at.ts';
import type { Preprocessing } from './config-values.ts';
import { CONFIG_FILES, readConfig } from './configs-beside.ts';
import { type KeptFiles, keptFiles } from './kept-files.ts';
import { checkStart } from './model-signature.ts';

/** How files are read or fetched. */
interface Reading {
  readonly cache: boolean | string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** An .onnx file at an address, and what is beside it. */
export interface FilesBeside {
  /** The file's name. */
  readonly name: string;
  /** The .onnx file; @param digest the SHA-256 it must have: a kept file of another is fetched again */
  model(digest?: string): Promise<Uint8Array>;
  /** A file that holds weights; @param least bytes that it must have */
  data(file: string, least: number): Promise<Uint8Array>;
  /** What the file beside it says of how images are prepared, if there is one. */
  config(): Promise<Preprocessing | undefined>;
}

/** No configuration is larger. */
const LARGEST_CONFIG = 2 ** 20;

/** The files at a path, or a `file:`, `http:`, `https:`, `data:` or `blob:` URL. What comes from the network is kept. */
export async function filesBeside(address: URL | string, { cache, signal, onProgress }: Reading): Promise<FilesBeside> {
  const text = absolute(String(address));
  const isWeb = /^https?:/i.test(text);
  const kept = isWeb ? await keptFiles(cache) : undefined;
  const read = (at: string, least = 0, progress = onProgress) =>
    kept ? fetched(kept, at, least, signal, progress) : bytesAt(at, { signal, onProgress: progress });
  const name = text.split(/[?#]/)[0].split(/[/\\]/).at(-1) || text.slice(0, 80);
  return {
    name,
    async model(digest) {
      let bytes = await read(text).catch((error) => {
        throw advised(error);
      });
      if (kept && digest && (await sha256(bytes)) !== digest.toLowerCase()) {
        await kept.remove(text).catch(() => undefined);
        bytes = await read(text);
      }
      checkStart(bytes, name);
      return bytes;
    },
    async data(file, least) {
      const at = sibling(text, file);
      try {
        return await read(at, least);
      } catch (cause) {
        if (!(cause instanceof BagsslError) || cause.code !== 'bad-data') throw cause;
        throw new BagsslError(
          'bad-data',
          `${name} keeps its weights in a second file, which cannot be read (${cause.message.replace(/\.$/, '')}). Put it beside the .onnx file under that name.`,
          { cause },
        );
      }
    },
    async config() {
      if (/^(data|blob):/i.test(text)) return undefined;
      const folders = folderOf(text) === 'onnx' ? ['', '../'] : [''];
      const places = CONFIG_FILES.flatMap((file) => folders.map((folder) => [file, folder + file]));
      for (const [file, place] of places) {
        const found = await read(sibling(text, place), 0, undefined).catch((error: BagsslError) => {
          if (error.code === 'bad-data') return undefined;
          throw error;
        });
        const config = found && found.length <= LARGEST_CONFIG && readConfig(file, new TextDecoder().decode(found));
        if (config) return config;
      }
      return undefined;
    },
  };
}

/** What to do about a model that cannot be read. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/with a web page/, 'On Hugging Face a file is at …/resolve/main/…, its page at …/blob/main/….'],
  [/answered 40[13]/, 'It asks for a login: download the file, and give its path.'],
  [/answered 404/, 'Check the address; on Hugging Face models are often at …/resolve/main/onnx/model.onnx.'],
  [/terminated|closed|reset/, 'Try again: the connection ended before the file did.'],
  [/ENOENT/, 'Check the path; it is relative to the folder that the program was started in.'],
];

function advised(error: unknown): unknown {
  if (!(error instanceof BagsslError) || error.code !== 'bad-data') return error;
  const { message } = error;
  const advice = ADVICE.find(([pattern]) => pattern.test(message))?.[1];
  return advice ? new BagsslError(error.code, `${message.replace(/\.$/, '')}. ${advice}`, { cause: error }) : error;
}

/** A file fetched once: its bytes are kept only when they are no page of HTML and long enough. */
async function fetched(
  kept: KeptFiles,
  url: string,
  least: number,
  signal: AbortSignal | undefined,
  onProgress: Reading['onProgress'],
): Promise<Uint8Array> {
  const found = await kept.read(url).catch(() => undefined);
  if (found && found.length >= least) return found;
  // A file of weights may be longer than what the model names of it, but not by any length.
  const bytes = await bytesAt(url, { signal, onProgress, ...(least > 0 && { most: 2 * least + LARGEST_CONFIG }) });
  const isPage = bytes[0] === 0x3c; // <
  // What cannot be kept (a full disk, a private window) is fetched again next time.
  if (!isPage && bytes.length >= least) await kept.write(url, bytes).catch(() => undefined);
  return bytes;
}

/** In a page, the address that a relative one stands for. */
function absolute(address: string): string {
  const { location } = globalThis as { location?: Location };
  return !location || /^[a-z][\w+.-]+:/i.test(address) ? address : new URL(address, location.href).href;
}

/** The address of a file beside another. A query, such as `?download=true`, goes with the first file alone. */
function sibling(address: string, file: string): string {
  if (/^(https?|file):/i.test(address)) {
    const path = file.split('/').map((part) => (part === '..' ? part : encodeURIComponent(part)));
    return new URL(path.join('/'), address).href;
  }
  const cut = Math.max(address.lastIndexOf('/'), address.lastIndexOf('\\')) + 1;
  return address.slice(0, cut) + file;
}

/** The name of the folder that a file is in. */
const folderOf = (address: string) => address.split(/[?#]/)[0].split(/[/\\]/).at(-2);
