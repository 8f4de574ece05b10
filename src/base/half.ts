// IEEE 754 half floats as their bits, since not every platform has an array for them: a sign, 5 bits of exponent, 10 of
// fraction. They reach 65,504, in steps of a thousandth of the value, and down to 2⁻²⁴.

const word = new Float32Array(1);
const wordBits = new Uint32Array(word.buffer);

// Loops, as TypedArray.from with a function takes many times as long, and an encoder has a million weights.

/** The nearest half floats, ties to even; what is too large becomes infinite. */
export function toHalf(values: ArrayLike<number>): Uint16Array {
  const bits = new Uint16Array(values.length);
  for (let i = 0; i < bits.length; i++) bits[i] = halfBits(values[i]);
  return bits;
}

/** The values of half floats, exactly. */
export function fromHalf(bits: Uint16Array): Float32Array {
  const values = new Float32Array(bits.length);
  for (let i = 0; i < values.length; i++) values[i] = halfValue(bits[i]);
  return values;
}

/** The values of bfloat16, the upper half of a float32's bits, exactly. */
export function fromBfloat16(bits: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(bits, (upper) => upper << 16).buffer);
}

function halfBits(value: number): number {
  word[0] = value;
  const sign = (wordBits[0] >>> 16) & 0x8000;
  const magnitude = wordBits[0] & 0x7fff_ffff;
  if (magnitude > 0x7f80_0000) return sign | 0x7e00;
  // 65,520 and above round to infinity.
  if (magnitude >= 0x477f_f000) return sign | 0x7c00;
  // Below 2⁻¹⁴ a half float counts in steps of 2⁻²⁴; adding ½ to a float32 rounds it to just such steps.
  if (magnitude < 0x3880_0000) {
    word[0] = Math.abs(value) + 0.5;
    return sign | (wordBits[0] - 0x3f00_0000);
  }
  // The exponent's bias falls from 127 to 15, and 13 bits of the fraction are rounded away.
  const odd = (magnitude >>> 13) & 1;
  return sign | ((magnitude - (112 << 23) + 0xfff + odd) >>> 13);
}

function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  wordBits[0] = ((exponent + 112) << 23) | (fraction << 13); // the exponent's bias rises from 15 to 127
  return sign * word[0];
}
