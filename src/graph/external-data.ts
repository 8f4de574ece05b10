import { BagsslError } from '../base/errors.ts';
import { quote } from '../base/values.ts';
import { EXTERNAL, type FoundTensor } from './file-proto.ts';

/** Where a tensor's bytes are in another file (onnx.proto, TensorProto.external_data). */
export interface ExternalPlace {
  /** The file, relative to the model's folder, with `/` between folders. */
  readonly file: string;
  /** Its first byte. */
  readonly offset: number;
  /** Bytes; undefined: to the end of the file. */
  readonly length?: number;
}

/**
 * Where the data of a tensor of an untrusted file are; undefined for one that holds its data itself.
 * @throws BagsslError `bad-model` for a place outside the model's folder, or none that can be
 */
export function externalPlace(tensor: FoundTensor): ExternalPlace | undefined {
  if (tensor.dataLocation !== EXTERNAL && tensor.externalData.length === 0) return undefined;
  const what = `The tensor ${quote(tensor.name ?? '')}`;
  const entries = new Map<string, string>();
  for (const { key = '', value = '' } of tensor.externalData) entries.set(key, value);
  const whole = (key: string) => {
    const text = entries.get(key);
    if (text === undefined) return undefined;
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value)) return value;
    throw new BagsslError(
      'bad-model',
      `${what} names ${quote(text)} as the ${key} of its data; export the model again.`,
    );
  };
  return {
    file: checkPlace(entries.get('location') ?? '', what),
    offset: whole('offset') ?? 0,
    length: whole('length'),
  };
}

/** A file of the model's own folder, or of one inside it: no other is ever opened, whatever a model names. */
function checkPlace(location: string, what: string): string {
  const parts = location
    .replaceAll('\\', '/')
    .replace(/^(\.\/)+/, '')
    .split('/');
  if (
    parts.every((part) => part !== '' && part !== '.' && part !== '..' && !part.includes(':') && !part.includes('\0'))
  )
    return parts.join('/');
  throw new BagsslError(
    'bad-model',
    `${what} keeps its data in ${quote(location)}. Only a file in the model's own folder is read; save the model and its data into one folder.`,
  );
}

/** Bytes an element, by ONNX's codes of types; what is absent has no fixed size. */
const BYTES: Readonly<Record<number, number>> = {
  1: 4,
  2: 1,
  3: 1,
  4: 2,
  5: 2,
  6: 4,
  7: 8,
  9: 1,
  10: 2,
  11: 8,
  12: 4,
  13: 8,
  16: 2,
};

/**
 * The files that hold the data of these tensors, and how many bytes each must have at least.
 * @throws BagsslError `bad-model`
 */
export function externalFiles(tensors: Iterable<FoundTensor>): ReadonlyMap<string, number> {
  const files = new Map<string, number>();
  for (const tensor of tensors) {
    const place = externalPlace(tensor);
    if (!place) continue;
    const elements = tensor.dims.reduce((product, extent) => product * extent, 1);
    const length = place.length ?? elements * (BYTES[tensor.dataType ?? 0] ?? 0);
    files.set(place.file, Math.max(files.get(place.file) ?? 0, place.offset + length));
  }
  return files;
}
