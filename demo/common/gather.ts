/** A file that was chosen, with its folders in the name where it came with any; the error where it cannot be opened. */
export interface Chosen {
  readonly name: string;
  readonly file: Blob | Error;
}

/** The files of a choice in a form. */
export const chosenFiles = (files: Iterable<File>): Chosen[] =>
  Array.from(files, (file) => ({ name: file.webkitRelativePath || file.name, file }));

/** The files that were dropped, those in dropped folders too. Call it while the drop is handled: later the list is empty. */
export async function droppedFiles(transfer: DataTransfer): Promise<Chosen[]> {
  const entries = Array.from(transfer.items, (item) => item.webkitGetAsEntry?.() ?? null);
  if (entries.every((entry) => entry === null)) return chosenFiles(transfer.files);
  const found: Chosen[] = [];
  for (const entry of entries) if (entry) await walk(entry, found);
  return found;
}

async function walk(entry: FileSystemEntry, found: Chosen[]): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File | Error>((resolve) => (entry as FileSystemFileEntry).file(resolve, resolve));
    found.push({ name: entry.fullPath.replace(/^\//, ''), file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // A folder is read in parts, until one is empty.
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (part.length === 0) return;
    for (const each of part) await walk(each, found);
  }
}
