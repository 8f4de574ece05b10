const EXPORT =
  'Export the network to .onnx with the library that made it (docs/guides/bring-an-encoder.md has the lines)';
const UNPACK = 'Unpack it and give the .onnx file inside';

type Kind = readonly [is: (start: string) => boolean, what: string, advice: string];

const begins =
  (...marks: readonly string[]) =>
  (start: string) =>
    marks.some((mark) => start.startsWith(mark));
/** A ZIP archive whose first entry is called so. */
const zipped = (name: RegExp) => (start: string) => start.startsWith('PK\x03\x04') && name.test(start);
/** FlatBuffers have their file's kind from byte 4 on. */
const marked = (mark: string) => (start: string) => start.startsWith(mark, 4);

/** What commonly comes in place of an encoder's file, by its first bytes as Latin-1. */
const KINDS: readonly Kind[] = [
  [
    (start) => /^\s*<(!doctype|html|head|body)/i.test(start),
    'a page of HTML',
    'Check the address; on Hugging Face a file is at …/resolve/main/…, its page at …/blob/main/…',
  ],
  [(start) => /^\s*<\?xml/i.test(start), 'a file of XML, as OpenVINO has', EXPORT],
  [
    (start) => /^version \S+git-lfs/.test(start),
    'a pointer of Git LFS, which names the file but does not hold it',
    'Fetch the file itself (git lfs pull)',
  ],
  [zipped(/\.onnx/), 'a ZIP archive', UNPACK],
  [zipped(/(data\.pkl|\/version|\/byteorder)/), 'weights of PyTorch (.pt, .pth)', EXPORT],
  [zipped(/(metadata|config)\.json/), 'a model of Keras (.keras)', EXPORT],
  [begins('PK\x03\x04'), 'a ZIP archive', `${UNPACK}; weights of PyTorch or Keras have to be exported to .onnx first`],
  [
    begins('\x80\x02', '\x80\x03', '\x80\x04', '\x80\x05'),
    "a Python pickle, as PyTorch's older .pt and .pth files are",
    EXPORT,
  ],
  [begins('\x89HDF'), 'a file of HDF5, as Keras writes (.h5)', EXPORT],
  [
    marked('TFL3'),
    'a model of TensorFlow Lite',
    'Convert it: python -m tf2onnx.convert --tflite FILE --opset 17 --output net.onnx',
  ],
  [marked('ORTM'), "a model in ONNX Runtime's own format (.ort)", 'Give the .onnx file that it was made from'],
  [begins('\x1f\x8b'), 'packed by gzip', 'Unpack it (gunzip) and give what is inside'],
  [begins('BZh', '\xfd7zXZ', '7z\xbc\xaf', 'Rar!', '\x28\xb5\x2f\xfd'), 'an archive', UNPACK],
  [(start) => start.startsWith('ustar', 257), 'a tar archive', UNPACK],
  [(start) => start[8] === '{' && start.startsWith('\0\0', 6), 'weights in safetensors, which hold no network', EXPORT],
];

const MOST = 512;

/**
 * What a file is that holds no encoder, and what to do about it, as `a page of HTML. Check the address`; undefined where its
 * beginning does not show it.
 */
export function otherFormat(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return 'empty. Restore a copy';
  const start = String.fromCharCode(...bytes.subarray(0, MOST));
  const kind = KINDS.find(([is]) => is(start));
  if (kind) return `${kind[1]}. ${kind[2]}`;
  const isText = bytes.subarray(0, MOST).every((byte) => (byte >= 0x20 && byte < 0x7f) || (byte >= 9 && byte <= 13));
  return isText ? `text: ${JSON.stringify(start.trim().slice(0, 60))}. Check the address` : undefined;
}
