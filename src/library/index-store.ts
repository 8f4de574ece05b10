import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BagsslError } from '../base/errors.ts';
import { writeWhole } from '../base/write-whole.ts';

/** What is known of one file of a library: which bytes they were, and their vector or the reason why they have none. */
export interface Entry {
  /** Relative to the library, with "/". */
  readonly file: string;
  /** Bytes. */
  readonly size: number;
  /** When it was last changed, ms since 1970. */
  readonly time: number;
  /** Of its bytes. */
  readonly digest: string;
  /** The row of its vector; files of the same bytes share one. */
  readonly row?: number;
  /** Why it has no vector. */
  readonly reason?: string;
  /** What is wrong with it though it has one. */
  readonly warning?: string;
}

interface Head {
  readonly version: 1;
  /** Of the encoder and all else that decides a vector: others cannot be compared. */
  readonly digest: string;
  /** Of the vectors; 0 before there are any. */
  readonly width: number;
  /** Which pair of files holds the entries and the vectors. */
  readonly generation: number;
}

const HEAD = 'index.json';

/**
 * The vectors of a library's files on disk. Both files only grow: a write appends vectors, syncs them, then appends the lines that
 * name them and syncs those. So whatever ends the process, or fills the disk, what was written before is whole, and a line that was
 * cut short counts as not written.
 */
export class IndexStore {
  readonly #entries = new Map<string, Entry>();
  #vectors = new Float32Array();
  #rows = 0;
  /** Whether the head on the disk is this one's. */
  #headed = false;

  private constructor(
    private readonly folder: string,
    private readonly digest: string,
    private generation: number,
    private columns: number,
  ) {}

  /**
   * Opens the index in a folder; an empty one where there is none.
   * @param digest of the encoder and all else that decides a vector
   * @throws BagsslError `bad-checkpoint` for an index of another digest, or files that are no index
   */
  static async open(folder: string, digest: string): Promise<IndexStore> {
    const text = await readFile(join(folder, HEAD), 'utf8').catch(absent);
    if (text === undefined) return new IndexStore(folder, digest, 0, 0);
    const head: Partial<Head> = parse<Head>(text) ?? {};
    const { width, generation } = head;
    if (head.version !== 1 || head.digest !== digest || !isCount(width) || !isCount(generation)) {
      const why = head.version === 1 ? 'was made with another encoder' : 'is not an index that this version reads';
      throw new BagsslError(
        'bad-checkpoint',
        `The index in "${folder}" ${why}. Delete that folder, or choose another.`,
      );
    }
    const store = new IndexStore(folder, digest, generation, width);
    store.#headed = true;
    await store.#load();
    return store;
  }

  /** Of the vectors; 0 before there are any. */
  get width(): number {
    return this.columns;
  }

  /** Every file that is known, with or without a vector. */
  get entries(): ReadonlyMap<string, Entry> {
    return this.#entries;
  }

  /** A view on the vector of a row. */
  vector(row: number): Float32Array<ArrayBuffer> {
    return this.#vectors.subarray(row * this.columns, (row + 1) * this.columns);
  }

  /** Keeps a vector until the next `write` and says its row. */
  add(vector: Float32Array): number {
    if (this.columns === 0) [this.columns, this.#headed] = [vector.length, false];
    if ((this.#rows + 1) * this.columns > this.#vectors.length) {
      const larger = new Float32Array(Math.max(64 * this.columns, 2 * this.#vectors.length));
      larger.set(this.#vectors);
      this.#vectors = larger;
    }
    this.#vectors.set(vector, this.#rows * this.columns);
    return this.#rows++;
  }

  /**
   * Writes the vectors added since the last call, then what changed: entries that are new or other than before, and files that are
   * gone. All is on the disk when it returns.
   * @throws BagsslError `not-saved`; the index is then what it was before the call
   */
  async write(entries: readonly Entry[], gone: readonly string[] = []): Promise<void> {
    await saving(this.folder, async () => {
      if (!this.#headed) {
        await mkdir(this.folder, { recursive: true });
        await this.#writeHead(this.generation);
        this.#headed = true;
      }
      await this.#append(this.generation, this.#rows, entries, gone);
    });
    for (const file of gone) this.#entries.delete(file);
    for (const entry of entries) this.#entries.set(entry.file, entry);
  }

  /** Rewrites the index without the vectors and lines that no file needs any more, where these are more than half of it. */
  async compact(): Promise<void> {
    const used = new Set([...this.#entries.values()].flatMap(({ row }) => row ?? []));
    if (this.#rows < 64 || used.size > this.#rows / 2) return;
    const before = this.generation;
    const next = new IndexStore(this.folder, this.digest, before + 1, this.columns);
    await saving(this.folder, async () => {
      await next.#removeFiles(next.generation);
      const rowOf = new Map([...used].map((row) => [row, next.add(this.vector(row))]));
      const entries = [...this.#entries.values()].map((entry) =>
        entry.row === undefined ? entry : { ...entry, row: rowOf.get(entry.row)! },
      );
      await next.#append(next.generation, next.#rows, entries, []);
      // From here on the new files count.
      await this.#writeHead(next.generation);
      this.#entries.clear();
      for (const entry of entries) this.#entries.set(entry.file, entry);
    });
    [this.#vectors, this.#rows, this.generation] = [next.#vectors, next.#rows, next.generation];
    await this.#removeFiles(before).catch(() => undefined);
  }

  async #load(): Promise<void> {
    const [lines, vectors] = this.#files(this.generation);
    const [text = '', bytes] = await Promise.all([
      readFile(lines, 'utf8').catch(absent),
      readFile(vectors).catch(absent),
    ]);
    const row = 4 * this.columns;
    this.#rows = row && bytes ? Math.floor(bytes.length / row) : 0;
    this.#vectors = new Float32Array(this.#rows * this.columns);
    if (bytes) new Uint8Array(this.#vectors.buffer).set(bytes.subarray(0, row * this.#rows));
    for (const line of text.split('\n')) {
      const entry = parse<Entry & { gone?: boolean }>(line);
      if (typeof entry?.file !== 'string') continue;
      const whole =
        entry.row === undefined ? typeof entry.reason === 'string' : isCount(entry.row) && entry.row < this.#rows;
      if (entry.gone || !whole) this.#entries.delete(entry.file);
      else this.#entries.set(entry.file, entry);
    }
  }

  async #append(generation: number, rows: number, entries: readonly Entry[], gone: readonly string[]): Promise<void> {
    const [lines, vectors] = this.#files(generation);
    const width = this.columns;
    await appended(vectors, async (file) => {
      // Rows that a killed process left without a line are not counted, and an incomplete row is written over.
      const { size } = await file.stat();
      const from = Math.min(rows, Math.floor(size / (4 * width)));
      const data = this.#bytes(from, rows);
      await writeWhole(file, data, from * 4 * width);
    });
    const told = [...gone.map((file) => ({ file, gone: true })), ...entries].map(
      (entry) => `${JSON.stringify(entry)}\n`,
    );
    if (told.length === 0) return;
    await appended(lines, async (file) => {
      const { size } = await file.stat();
      // After a line that was cut short a new one begins.
      await writeWhole(file, `${size ? '\n' : ''}${told.join('')}`, size);
    });
  }

  #bytes(from: number, to: number): Uint8Array {
    const width = this.columns;
    return new Uint8Array(this.#vectors.buffer, from * 4 * width, (to - from) * 4 * width);
  }

  async #writeHead(generation: number): Promise<void> {
    const head: Head = { version: 1, digest: this.digest, width: this.columns, generation };
    const file = join(this.folder, HEAD);
    await appended(`${file}.new`, async (handle) => {
      await handle.truncate();
      await writeWhole(handle, JSON.stringify(head));
    });
    await rename(`${file}.new`, file);
  }

  #files(generation: number): [lines: string, vectors: string] {
    return [join(this.folder, `files-${generation}.jsonl`), join(this.folder, `vectors-${generation}.f32`)];
  }

  async #removeFiles(generation: number): Promise<void> {
    for (const file of this.#files(generation)) await rm(file, { force: true });
  }
}

/** Opens a file for reading and writing, makes it where it is missing, and has all of it on the disk when it returns. */
async function appended(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, constants.O_RDWR | constants.O_CREAT);
  try {
    await write(file);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function saving<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOSPC' ? 'the disk is full' : code === 'EDQUOT' ? 'the quota is used up' : message;
    const text = `The index in "${folder}" could not be written: ${why}. What was in it before is untouched.`;
    throw new BagsslError('not-saved', text, { cause });
  }
}

/** Nothing for a file that does not exist; any other failure is an error. */
function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw new BagsslError('bad-checkpoint', `The index cannot be read: ${error.message}.`, { cause: error });
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function parse<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}
