import type { Stream } from '../../src/base/random.ts';

/** Values that JSON can hold and few programs expect. */
const STRANGE = [
  'null',
  'true',
  '-1',
  '0',
  '0.5',
  '1e999',
  '-1e999',
  '1e-999',
  '4294967296',
  '9007199254740993',
  '""',
  '"../../x"',
  '"\\u0000"',
  '"__proto__"',
  '"constructor"',
  '"<img onerror=x>"',
  '[]',
  '[null]',
  '[[]]',
  '{}',
  '{"length":3}',
  '{"toString":1}',
  '{"__proto__":{"size":4}}',
  '[1e999,-1]',
  '[1,2,3,4,5,6,7,8,9]',
  `"${'x'.repeat(5000)}"`,
  `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
  `[${'0,'.repeat(5000)}0]`,
];

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|[{}[\],:]/g;

/** JSON with a few of its tokens replaced by strange values, left out, doubled or swapped. */
export function mutateJson(text: string, s: Stream): string {
  const tokens = text.match(TOKEN) ?? [];
  for (let edits = 1 + s.below(2); edits > 0 && tokens.length > 0; edits--) {
    const isValue = (k: number) => /^["\d\-tfn]/.test(tokens[k]) && tokens[k + 1] !== ':';
    let at = s.below(tokens.length);
    // Mostly values, so that most texts can still be parsed.
    for (let tries = 0; tries < 8 && !isValue(at); tries++) at = s.below(tokens.length);
    if (isValue(at) && s.below(20))
      tokens[at] = s.below(4) ? STRANGE[s.below(STRANGE.length)] : tokens[s.below(tokens.length)];
    else if (tokens[at + 1] === ':' && s.below(4)) tokens[at] = s.below(2) ? '"__proto__"' : '"unknown"';
    else if (s.below(2)) tokens.splice(at, 1 + s.below(3));
    else tokens.splice(at, 0, tokens[s.below(tokens.length)]);
  }
  return tokens.join('');
}

const EXTREMES = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

/** Bytes with a few changed, cut off, put in, taken out, copied elsewhere, or an extreme number written over them. */
export function mutateBytes(whole: Uint8Array, s: Stream): Uint8Array {
  let bytes = whole.slice();
  // What is read first decides most.
  const place = () => (s.below(2) ? s.below(Math.min(bytes.length, 256)) : s.below(bytes.length));
  for (let edits = 1 + s.below(1 + s.below(4)); edits > 0 && bytes.length > 0; edits--) {
    const at = place();
    const view = new DataView(bytes.buffer);
    switch (s.below(8)) {
      case 0:
        bytes = bytes.slice(0, at);
        break;
      case 1:
        if (at + 4 <= bytes.length) view.setUint32(at, EXTREMES[s.below(EXTREMES.length)], s.below(2) === 0);
        break;
      case 2:
        if (at + 8 <= bytes.length) view.setBigUint64(at, s.below(2) ? 2n ** 63n - 1n : BigInt(s.uint32()), true);
        break;
      case 3:
        bytes.copyWithin(at, place(), place());
        break;
      case 4: {
        const more = new Uint8Array(bytes.length + 1 + s.below(64));
        more.set(bytes.subarray(0, at));
        more.set(bytes.subarray(at), at + more.length - bytes.length);
        bytes = more;
        break;
      }
      case 5: {
        const less = Math.min(bytes.length - at, 1 + s.below(64));
        bytes.copyWithin(at, at + less);
        bytes = bytes.slice(0, bytes.length - less);
        break;
      }
      case 6:
        bytes[at] ^= 1 << s.below(8);
        break;
      default:
        bytes[at] = s.below(256);
    }
  }
  return bytes;
}
