/** Identifies an encoder by its weights: FNV-1a over their bits, so two encoders agree with probability 2^-32. */
export function fingerprint(weights: Readonly<Record<string, Float32Array>>): string {
  let hash = 0x811c9dc5;
  for (const name of Object.keys(weights).sort()) {
    const { buffer, byteOffset, length } = weights[name];
    for (const bits of new Uint32Array(buffer, byteOffset, length)) hash = Math.imul(hash ^ bits, 0x01000193);
  }
  return (hash >>> 0).toString(16);
}
