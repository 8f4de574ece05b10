/** A picture from a function that gives each pixel's red, green and blue. */
function picture(colour) {
  const data = new Uint8Array(96 * 64 * 4);
  for (let i = 0; i < 96 * 64; i++) data.set([...colour(i % 96, Math.floor(i / 96)), 255], 4 * i);
  return { data, width: 96, height: 64 };
}

export const pictures = [
  picture((x, y) => [2 * x, 3 * y, 90]),
  picture((x, y) => ((x ^ y) & 8 ? [20, 40, 200] : [250, 180, 30])),
];
