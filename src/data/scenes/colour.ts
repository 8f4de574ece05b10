import type { Stream } from '../../base/random.ts';

/** Red, green and blue, 0 to 1. */
export type Colour = readonly [number, number, number];

/** A random colour: mostly muted, as in photographs, and of any brightness. */
export function randomColour(stream: Stream): Colour {
  const brightness = 0.1 + 0.8 * stream.uniform();
  // The product of two draws: many greys, few pure colours.
  const saturation = stream.uniform() * (0.4 + 0.6 * stream.uniform());
  const hue = 6 * stream.uniform();
  const channel = (offset: number) => {
    const k = (offset + hue) % 6;
    const fall = Math.max(0, Math.min(k, 4 - k, 1));
    return brightness * (1 - saturation * fall);
  };
  return [channel(5), channel(3), channel(1)];
}

const luminance = ([r, g, b]: Colour) => 0.3 * r + 0.59 * g + 0.11 * b;

/** Two random colours that differ enough in brightness for a pattern of them to be seen. */
export function randomPair(stream: Stream): [Colour, Colour] {
  for (;;) {
    const pair: [Colour, Colour] = [randomColour(stream), randomColour(stream)];
    if (Math.abs(luminance(pair[0]) - luminance(pair[1])) > 0.22) return pair;
  }
}
