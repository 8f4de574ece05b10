interface Classes {
  readonly ArrayBuffer: ArrayBuffer;
  readonly Blob: Blob;
  readonly File: File;
  readonly Float32Array: Float32Array;
  readonly ImageBitmap: ImageBitmap;
  readonly ImageData: ImageData;
  readonly Int8Array: Int8Array;
  readonly Promise: Promise<unknown>;
  readonly Uint8Array: Uint8Array;
  readonly Uint8ClampedArray: Uint8ClampedArray;
  readonly URL: URL;
}

/** A value's own word for what it is. */
export const tagOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

/** Whether a value is of a class, also one of another realm (a frame, Jest), where `instanceof` says no. */
export const isA = <Name extends keyof Classes>(value: unknown, name: Name): value is Classes[Name] =>
  tagOf(value) === name;

/** A value of any type as an error quotes it: on one line, at most 60 characters long. */
export function quote(value: unknown): string {
  let text: string;
  try {
    text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value).split('\n')[0]);
  } catch {
    return 'a value too deep to show';
  }
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
