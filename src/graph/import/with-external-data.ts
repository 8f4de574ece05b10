import { BagsslError } from '../../base/errors.ts';
import { givenBytes } from '../../base/options.ts';
import { quote } from '../../base/values.ts';
import { type ExternalPlace, externalPlace } from '../external-data.ts';
import { FILE_TENSOR } from '../file-proto.ts';
import { WIRE } from '../protobuf/fields.ts';
import { readMessage } from '../protobuf/read.ts';
import { fieldsOf } from '../protobuf/walk.ts';
import { delimited, joined } from '../protobuf/write.ts';

/** The messages that tensors are in, by the numbers of the fields that lead there (onnx.proto). */
interface Way {
  readonly [number: number]: Way | 'tensor';
}
const GRAPH: { [number: number]: Way | 'tensor' } = { 5: 'tensor' };
const NODE: Way = { 5: { 5: 'tensor', 6: GRAPH, 10: 'tensor', 11: GRAPH } };
GRAPH[1] = NODE;
const MODEL: Way = { 7: GRAPH, 25: { 7: NODE } };

const [DATA, LOCATION, EXTERNAL_DATA] = [
  FILE_TENSOR.rawData[0],
  FILE_TENSOR.dataLocation[0],
  FILE_TENSOR.externalData[0],
];

/**
 * An .onnx model in one file: with the data that it keeps in `files`, by their names, put in. PyTorch writes such a file beside
 * the model (`model.onnx.data`).
 * @throws BagsslError `bad-model` for a file that is missing, shorter than the model says, or outside the model's folder
 */
export function withExternalData(model: Uint8Array, files: Readonly<Record<string, Uint8Array>>): Uint8Array {
  givenBytes(model, 'model');
  return rewritten(model, (name, { file, offset, length }) => {
    const bytes = Object.hasOwn(files, file) ? files[file] : undefined;
    const fail = (why: string) => new BagsslError('bad-model', `The tensor ${quote(name)} ${why}.`);
    if (!bytes) {
      const given = Object.keys(files).map(quote);
      throw fail(`keeps its data in ${quote(file)}; given are ${given.join(', ') || 'no files'}. Give its bytes too`);
    }
    const end = length === undefined ? bytes.length : offset + length;
    if (end > bytes.length || offset > end) {
      throw fail(
        `has its data at bytes ${offset} to ${end} of ${quote(file)}, which has ${bytes.length}; copy it again`,
      );
    }
    return bytes.subarray(offset, end);
  });
}

type DataOf = (tensor: string, place: ExternalPlace) => Uint8Array;

function rewritten(model: Uint8Array, dataOf: DataOf): Uint8Array {
  const pieces: Uint8Array[] = [];
  try {
    pieces.push(...message(model, MODEL, dataOf));
  } catch (cause) {
    if (cause instanceof BagsslError) throw cause;
    throw new BagsslError('bad-model', `Not an ONNX file, or a truncated one (${model.length} bytes).`, { cause });
  }
  return joined(pieces);
}

/** A message in pieces, most of which are views of it. */
function message(bytes: Uint8Array, way: Way, dataOf: DataOf): Uint8Array[] {
  return [...fieldsOf(bytes)].flatMap(({ number, wire, raw, content }) => {
    const next = wire === WIRE.bytes ? way[number] : undefined;
    if (!next) return [raw];
    return delimited(number, next === 'tensor' ? tensor(content, dataOf) : message(content, next, dataOf));
  });
}

function tensor(bytes: Uint8Array, dataOf: DataOf): Uint8Array[] {
  const found = readMessage(FILE_TENSOR, bytes);
  const place = externalPlace(found);
  if (!place) return [bytes];
  const data = dataOf(found.name ?? '', place);
  const kept = [...fieldsOf(bytes)].filter(({ number }) => ![DATA, LOCATION, EXTERNAL_DATA].includes(number as never));
  return [...kept.map(({ raw }) => raw), ...delimited(DATA, [data])];
}
