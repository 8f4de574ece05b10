import { BagsslError } from '../base/errors.ts';
import { givenBytes, givenParts } from '../base/options.ts';
import { DTYPES, type Dtype, elements, extent, isDtype, type TensorData } from './dtypes.ts';

/** One named array of a safetensors file. `data.length` is the product of `shape`; `dtype` decides its class. */
export interface SafeTensor {
  /** The format's name of the element type, such as `F32`. */
  readonly dtype: Dtype;
  /** Extents, outermost first; [] is a scalar. */
  readonly shape: readonly number[];
  /** Row by row. */
  readonly data: TensorData;
}

/** The contents of a file. */
export interface Safetensors {
  /** By name. */
  readonly tensors: Record<string, SafeTensor>;
  /** Strings by name; {} if the file has none. */
  readonly metadata: Record<string, string>;
}

/** The longest header the format allows, in bytes. */
const LONGEST_HEADER = 100_000_000;
const METADATA = '__metadata__';

/**
 * The bytes of a safetensors file: the header's length (8 bytes, little-endian), the header (JSON, padded with spaces to
 * a multiple of 8), then the tensors without gaps, widest elements first so that all are aligned, then by name. The same
 * tensors give the same bytes in any order.
 * @throws BagsslError `bad-argument` if a shape, dtype and array do not agree
 */
export function writeSafetensors(
  tensors: Readonly<Record<string, SafeTensor>>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  givenParts(tensors, 'tensors');
  const order = Object.keys(tensors).sort(
    (a, b) => size(tensors[b].dtype) - size(tensors[a].dtype) || (a < b ? -1 : Number(a > b)),
  );
  const entries: [string, unknown][] = [];
  if (metadata) entries.push([METADATA, metadata]);
  let end = 0;
  for (const name of order) {
    const tensor = tensors[name];
    checkTensor(name, tensor);
    const begin = end;
    end += tensor.data.byteLength;
    entries.push([name, { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [begin, end] }]);
  }
  // Built by hand: an object would put numeric names first and lose "__proto__".
  const json = `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`;
  const text = new TextEncoder().encode(json);
  const header = Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(8 + header + end).fill(0x20, 8, 8 + header);
  new DataView(file.buffer).setBigUint64(0, BigInt(header), true);
  file.set(text, 8);
  let at = 8 + header;
  for (const name of order) {
    const { data } = tensors[name];
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}

const size = (dtype: Dtype): number => (isDtype(dtype) ? DTYPES[dtype].BYTES_PER_ELEMENT : 0);

function checkTensor(name: string, { dtype, shape, data }: SafeTensor): void {
  const wrong = (what: string) => new BagsslError('bad-argument', `Tensor "${name}" ${what}.`);
  if (name === METADATA) throw wrong('has a name that safetensors reserves; choose another');
  if (!isDtype(dtype)) throw wrong(`has dtype "${dtype}"; it must be one of ${Object.keys(DTYPES).join(', ')}`);
  if (!(data instanceof DTYPES[dtype])) {
    throw wrong(
      `has dtype ${dtype}, which needs a ${DTYPES[dtype].name}, not a ${(data as object)?.constructor?.name}`,
    );
  }
  if (extent(shape) !== data.length) throw wrong(`has shape [${shape}] but ${data.length} elements`);
}

/**
 * The tensors of a safetensors file. Arrays are views on `bytes` if their elements are aligned in memory, otherwise copies.
 * Sizes that the header claims allocate nothing.
 * @throws BagsslError `bad-checkpoint` if the bytes break any rule of the format
 */
export function readSafetensors(bytes: Uint8Array): Safetensors {
  givenBytes(bytes);
  const { header, body } = readHeader(bytes);
  const tensors: [string, SafeTensor][] = [];
  const spans: { name: string; begin: number; end: number }[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name === METADATA) {
      metadata = readMetadata(entry);
      continue;
    }
    const { dtype, shape, begin, end } = readEntry(name, entry, body.length);
    const length = (end - begin) / DTYPES[dtype].BYTES_PER_ELEMENT;
    tensors.push([name, { dtype, shape, data: elements(DTYPES[dtype], body, begin, length) }]);
    spans.push({ name, begin, end });
  }
  checkSpans(spans, body.length);
  return { tensors: Object.fromEntries(tensors), metadata };
}

const bad = (what: string, cause?: unknown) =>
  new BagsslError('bad-checkpoint', `Not a valid safetensors file: ${what}.`, { cause });

function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; body: Uint8Array } {
  if (bytes.length < 8) throw bad(`it holds ${bytes.length} bytes, fewer than the 8 that state the header's length`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > LONGEST_HEADER) throw bad(`its header claims ${length} bytes; at most ${LONGEST_HEADER} are allowed`);
  const start = 8 + Number(length);
  if (start > bytes.length) throw bad(`its header claims ${length} bytes, but only ${bytes.length - 8} follow`);
  if (bytes[8] !== 0x7b) throw bad('its header does not begin with "{"');
  let header: unknown;
  let repeated: string | undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(8, start));
    header = JSON.parse(text);
    repeated = duplicateKey(text);
  } catch (cause) {
    throw bad(`its header is not JSON (${(cause as Error).message})`, cause);
  }
  if (repeated !== undefined) throw bad(`its header holds the key "${repeated}" twice`);
  return { header: header as Record<string, unknown>, body: bytes.subarray(start) };
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:]/gs;

/**
 * The first key that occurs twice in one object of `json`, or undefined. `JSON.parse` silently keeps the last of the two, and
 * another reader may keep the first.
 * @param json text that `JSON.parse` accepts
 */
function duplicateKey(json: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  let last = '';
  for (const [token] of json.matchAll(TOKEN)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (token === ':') {
      const keys = open.at(-1) as Set<string>;
      if (keys.has(last)) return last;
      keys.add(last);
    } else last = JSON.parse(token);
  }
  return undefined;
}

function readMetadata(entry: unknown): Record<string, string> {
  const valid = isRecord(entry) && Object.values(entry).every((value) => typeof value === 'string');
  if (!valid) throw bad(`its ${METADATA} is not a map from strings to strings`);
  return entry as Record<string, string>;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function readEntry(name: string, entry: unknown, bodyLength: number) {
  if (!isRecord(entry)) throw bad(`tensor "${name}" is not described by an object`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (!isDtype(dtype)) {
    throw bad(`tensor "${name}" has dtype ${JSON.stringify(dtype)}; known are ${Object.keys(DTYPES).join(', ')}`);
  }
  const count = extent(shape);
  if (count === undefined) throw bad(`tensor "${name}" has shape ${JSON.stringify(shape)}`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || extent(offsets) === undefined || offsets[0] > offsets[1]) {
    throw bad(`tensor "${name}" has data_offsets ${JSON.stringify(offsets)}`);
  }
  const [begin, end] = offsets as [number, number];
  if (end > bodyLength) throw bad(`tensor "${name}" ends at byte ${end} of ${bodyLength}; the file may be cut short`);
  if (end - begin !== count * size(dtype)) {
    throw bad(`tensor "${name}" of shape ${JSON.stringify(shape)} and dtype ${dtype} has ${end - begin} bytes`);
  }
  return { dtype, shape: shape as number[], begin, end };
}

/** The tensors must cover the body exactly: no gap, no overlap, nothing after the last. */
function checkSpans(spans: { name: string; begin: number; end: number }[], length: number): void {
  spans.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const { name, begin, end } of spans) {
    if (begin < at) throw bad(`tensor "${name}" overlaps the one before it, at byte ${begin}`);
    if (begin > at) throw bad(`${begin - at} bytes before tensor "${name}" belong to no tensor`);
    at = end;
  }
  if (at !== length) throw bad(`${length - at} bytes after the last tensor belong to no tensor`);
}
