/** How a field is written: a varint, 4 or 8 bytes of a float, text in UTF-8, bytes, or a nested message. */
export type Kind = 'int' | 'float' | 'double' | 'string' | 'bytes' | Fields;

/** The wire types of protocol buffers, by kind; messages are written as bytes. */
export const WIRE = { int: 0, double: 1, string: 2, bytes: 2, float: 5 } as const;

/** A field's number, its kind, and whether it is a list. */
export type Field = readonly [number: number, kind: Kind, list?: 'list'];

/** The fields of a message that are of use; the reader skips all others. */
export type Fields = { readonly [name: string]: Field };

interface Scalars {
  int: number;
  float: number;
  double: number;
  string: string;
  bytes: Uint8Array;
}

/** A message to write; undefined fields are left out. */
export type Message<F extends Fields> = {
  -readonly [N in keyof F]?: F[N] extends readonly [number, infer K, 'list'] ? Given<K>[] : Given<F[N][1]>;
};
type Given<K> = K extends keyof Scalars ? Scalars[K] : K extends Fields ? Message<K> : never;

/** A message as read: an absent list is empty, any other absent field is undefined. */
export type Found<F extends Fields> = {
  readonly [N in keyof F]: F[N] extends readonly [number, infer K, 'list']
    ? readonly Read<K>[]
    : Read<F[N][1]> | undefined;
};
type Read<K> = K extends keyof Scalars ? Scalars[K] : K extends Fields ? Found<K> : never;
