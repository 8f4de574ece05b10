import { BagsslError } from '../base/errors.ts';
import { given, givenBytes, givenParts } from '../base/options.ts';
import type { ImageSet } from './image-set.ts';

/** The classes of CIFAR-10, in label order. */
export const CIFAR_CLASSES: readonly string[] = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
];

/** Width and height in pixels. */
const SIDE = 32;
/** One label byte, then 32×32 bytes each of red, green and blue. */
const RECORD = 1 + 3 * SIDE * SIDE;

/** One file of CIFAR-10's binary version, checked. */
export interface CifarBatch {
  /** `length` records of 3,073 bytes. */
  readonly bytes: Uint8Array;
  /** Images. */
  readonly length: number;
}

/**
 * Checks a file of CIFAR-10's binary version: whole records of 3,073 bytes, labels 0 to 9. Nothing is copied.
 * @param fileName names the file in errors
 * @throws BagsslError `bad-data`
 */
export function readCifarBatch(bytes: Uint8Array, fileName: string): CifarBatch {
  givenBytes(bytes);
  const expected = `a CIFAR-10 batch has ${RECORD} bytes per image: a label (0 to 9) and 32×32 RGB`;
  if (bytes.length === 0) throw new BagsslError('bad-data', `${fileName} is empty (0 bytes); ${expected}.`);
  const over = bytes.length % RECORD;
  const length = (bytes.length - over) / RECORD;
  if (over) {
    throw new BagsslError(
      'bad-data',
      `${fileName} holds ${bytes.length} bytes: ${length} images and ${over} bytes more; ${expected}. The file is truncated or of another type; fetch it again.`,
    );
  }
  for (let i = 0; i < length; i++) {
    const label = bytes[i * RECORD];
    if (label >= CIFAR_CLASSES.length) {
      throw new BagsslError(
        'bad-data',
        `${fileName} holds label ${label} at image ${i} of ${length} (${bytes.length} bytes); ${expected}. The file is damaged or of another type; fetch it again.`,
      );
    }
  }
  return { bytes, length };
}

/**
 * Batches in order as one set of 32×32 planar images. An image is a view on its batch: copy it before you send it to another
 * thread, which would otherwise get the whole batch.
 * @param classes ten names, in label order
 */
export function cifarSet(batches: readonly CifarBatch[], name = 'CIFAR-10', classes = CIFAR_CLASSES): ImageSet {
  given(Array.isArray(batches), batches, 'batches', 'an array of batches, each from readCifarBatch');
  for (const batch of batches) givenParts(batch, 'A batch', 'bytes', 'length');
  const length = batches.reduce((sum, batch) => sum + batch.length, 0);
  const labels = new Int32Array(length);
  const images: Uint8Array[] = [];
  for (const batch of batches) {
    for (let i = 0; i < batch.length; i++) {
      const start = i * RECORD;
      labels[images.length] = batch.bytes[start];
      images.push(batch.bytes.subarray(start + 1, start + RECORD));
    }
  }
  return {
    name,
    length,
    classes,
    labels,
    image: (index) => ({ data: images[index], width: SIDE, height: SIDE, layout: 'planar' }),
  };
}

/**
 * The class names in a `batches.meta.txt`: one per line, in label order.
 * @throws BagsslError `bad-data` unless there are ten
 */
export function readClassNames(text: string, fileName = 'batches.meta.txt'): string[] {
  const names = text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  if (names.length !== CIFAR_CLASSES.length) {
    throw new BagsslError('bad-data', `${fileName} holds ${names.length} class names; CIFAR-10 has ten, one per line.`);
  }
  return names;
}
