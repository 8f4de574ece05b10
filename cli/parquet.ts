import { open } from 'node:fs/promises';
import { fileWriter, ParquetWriter } from 'hyparquet-writer';
import type { ImageSet } from '../src/data.ts';
import { npyHeader } from '../src/formats.ts';

type Schema = ConstructorParameters<typeof ParquetWriter>[0]['schema'];

/** Rows in a group, which a reader holds in memory together. */
const GROUP = 1024;

/**
 * Writes the rows of a .npy matrix as Parquet: `id`, the image's index in the whole set; `file` and `class`, if the images have
 * them; `vector`, a list of floats.
 */
export async function writeParquet(npy: string, out: string, images: ImageSet, width: number): Promise<void> {
  const { files, labels, classes } = images;
  const flat = { repetition_type: 'REQUIRED' } as const;
  const text = { ...flat, type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const;
  const columns: Schema = [
    { ...flat, name: 'id', type: 'INT32' },
    ...(files ? [{ ...text, name: 'file' }] : []),
    ...(labels && classes ? [{ ...text, name: 'class' }] : []),
  ];
  const schema: Schema = [
    { name: 'root', num_children: columns.length + 1 },
    ...columns,
    { ...flat, name: 'vector', converted_type: 'LIST', num_children: 1 },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { ...flat, name: 'element', type: 'FLOAT' },
  ];
  const values = {
    id: (k: number) => images.ids?.[k] ?? k,
    file: (k: number) => files![k],
    class: (k: number) => classes![labels![k]],
  };
  const start = npyHeader([images.length, width]).length;
  const writer = new ParquetWriter({ writer: fileWriter(out), schema, createdBy: 'bagssl' });
  const handle = await open(npy);
  try {
    for (let from = 0; from < images.length; from += GROUP) {
      const rows = Math.min(GROUP, images.length - from);
      const bytes = new Uint8Array(4 * rows * width);
      await handle.read(bytes, 0, bytes.length, start + 4 * from * width);
      const floats = new Float32Array(bytes.buffer);
      const vectors = Array.from({ length: rows }, (_, k) => Array.from(floats.subarray(k * width, (k + 1) * width)));
      const plain = columns.map(({ name }) => ({
        name,
        data: Array.from({ length: rows }, (_, k) => values[name as keyof typeof values](from + k)),
      }));
      // A network's floats do not compress.
      const vector = { name: 'vector', data: vectors, codec: 'UNCOMPRESSED', statistics: false } as const;
      await writer.write({ columnData: [...plain, vector], rowGroupSize: GROUP });
    }
  } finally {
    await handle.close();
  }
  writer.finish();
}
