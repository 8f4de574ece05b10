/** A chosen file, named with its folders if it came with any; an error if it, or a folder of this name, cannot be opened. */
export interface Chosen {
  readonly name: string;
  readonly file: Blob | Error;
}

/** The files chosen in a form. */
export const chosenFiles = (files: Iterable<File>): Chosen[] =>
  Array.from(files, (file) => ({ name: file.webkitRelativePath || file.name, file }));

/** The dropped files, including those in dropped folders. Call this while the drop is handled: later the list is empty. */
export async function droppedFiles(transfer: DataTransfer): Promise<Chosen[]> {
  const entries = Array.from(transfer.items, (item) => item.webkitGetAsEntry?.() ?? null);
  if (entries.every((entry) => entry === null)) return chosenFiles(transfer.files);
  const found: Chosen[] = [];
  for (const entry of entries) if (entry) await walk(entry, found);
  return found;
}

async function walk(entry: FileSystemEntry, found: Chosen[]): Promise<void> {
  const name = entry.fullPath.replace(/^\//, '');
  if (entry.isFile) {
    const file = await new Promise<File | Error>((resolve) => (entry as FileSystemFileEntry).file(resolve, resolve));
    found.push({ name, file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // A folder comes in parts until one is empty.
    const part = await new Promise<FileSystemEntry[] | Error>((resolve) => reader.readEntries(resolve, resolve));
    if (part instanceof Error) {
      found.push({ name, file: part });
      return;
    }
    if (part.length === 0) return;
    for (const each of part) await walk(each, found);
  }
}
