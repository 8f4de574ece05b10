/** From 0 to 1, dark to bright, so that brightness alone tells the order too. */
const STOPS = [
  [13, 8, 41],
  [84, 18, 110],
  [166, 44, 96],
  [229, 92, 48],
  [251, 165, 24],
  [252, 253, 191],
] as const;

/** The colour of a cosine as red, green, blue; below 0 as 0. */
export function colourOf(similarity: number): [number, number, number] {
  const at = Math.min(1, Math.max(0, similarity)) * (STOPS.length - 1);
  const low = Math.min(STOPS.length - 2, Math.floor(at));
  const share = at - low;
  return [0, 1, 2].map((c) => Math.round(STOPS[low][c] * (1 - share) + STOPS[low + 1][c] * share)) as [
    number,
    number,
    number,
  ];
}

/** The scale from 0 to 1, from left to right. */
export function drawScale(canvas: HTMLCanvasElement): void {
  const { width, height } = canvas;
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) image.data.set([...colourOf((i % width) / (width - 1)), 255], 4 * i);
  canvas.getContext('2d')!.putImageData(image, 0, 0);
}
