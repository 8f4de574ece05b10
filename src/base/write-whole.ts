import type { FileHandle } from 'node:fs/promises';

/** Writes all of the bytes at a place in a file: a disk that fills up takes a part of them without an error. */
export async function writeWhole(file: FileHandle, data: Uint8Array | string, at = 0): Promise<void> {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
  for (let from = 0; from < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, from, bytes.length - from, at + from);
    from += bytesWritten;
    if (bytesWritten === 0) throw Object.assign(new Error('no space is left'), { code: 'ENOSPC' });
  }
}
