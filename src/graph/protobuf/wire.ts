/** The wire types of protocol buffers, by kind; messages go as bytes. */
export const WIRE = { int: 0, double: 1, string: 2, bytes: 2, float: 5 } as const;
