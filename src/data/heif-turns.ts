import { heifProperties } from './image-header.ts';
import { boxes, type Segment } from './segments.ts';

/**
 * How a HEIF file turns its main picture: the properties `irot` and `imir` of the primary item, in order, each as EXIF counts
 * (ISO/IEC 23008-12, 6.5.10 and 6.5.12). For decoders that do not turn it themselves.
 */
export function heifTurns(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const meta = named(boxes(bytes), 'meta');
  const pitm = meta && named(boxes(bytes, meta.at + 4, meta.end), 'pitm');
  const iprp = meta && named(boxes(bytes, meta.at + 4, meta.end), 'iprp');
  const ipma = iprp && named(boxes(bytes, iprp.at, iprp.end), 'ipma');
  if (!pitm || !ipma || pitm.end < pitm.at + 6 || ipma.end < ipma.at + 8) return [];
  const primary = bytes[pitm.at] === 0 ? view.getUint16(pitm.at + 4) : view.getUint32(pitm.at + 4);
  const [wide, long] = [bytes[ipma.at] > 0, (bytes[ipma.at + 3] & 1) === 1];
  const properties = [...heifProperties(bytes)];
  let at = ipma.at + 8;
  for (let entries = view.getUint32(ipma.at + 4); entries > 0 && at + 5 <= ipma.end; entries--) {
    const item = wide ? view.getUint32(at) : view.getUint16(at);
    at += wide ? 4 : 2;
    const count = bytes[at++];
    const size = long ? 2 : 1;
    if (at + count * size > ipma.end) return [];
    const indices = Array.from({ length: count }, (_, k) =>
      long ? view.getUint16(at + 2 * k) & 0x7fff : bytes[at + k] & 0x7f,
    );
    at += count * size;
    if (item === primary) return indices.flatMap((index) => turnOf(bytes, properties[index - 1]));
  }
  return [];
}

/** Whether the colours of a HEIF file's main picture are multiplied by its alpha: a reference `prem` (7.3.5.2). */
export function isPremultiplied(bytes: Uint8Array): boolean {
  const meta = named(boxes(bytes), 'meta');
  const iref = meta && named(boxes(bytes, meta.at + 4, meta.end), 'iref');
  return iref !== undefined && named(boxes(bytes, iref.at + 4, iref.end), 'prem') !== undefined;
}

/** Quarter turns against the clock; rows (0) or columns (1) in reverse. */
function turnOf(bytes: Uint8Array, property: Segment | undefined): number[] {
  if (property?.name === 'irot') return [[1, 8, 3, 6][bytes[property.at] & 3]];
  if (property?.name === 'imir') return [[4, 2][bytes[property.at] & 1]];
  return [];
}

function named(segments: Iterable<Segment>, name: string): Segment | undefined {
  for (const segment of segments) if (segment.name === name) return segment;
  return undefined;
}
