/** Of an encoder's weights: other weights have another, but for one in four thousand million (FNV-1a over their bits). */
export function fingerprint(weights: Readonly<Record<string, Float32Array>>): string {
  let hash = 0x811c9dc5;
  for (const name of Object.keys(weights).sort()) {
    const { buffer, byteOffset, length } = weights[name];
    for (const bits of new Uint32Array(buffer, byteOffset, length)) hash = Math.imul(hash ^ bits, 0x01000193);
  }
  return (hash >>> 0).toString(16);
}
