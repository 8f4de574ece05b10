import type { ImageSet } from '../../src/data.ts';

/** The indices of `count` images: the first of every class, then the second of every class, and so on. */
export function inTurn({ labels, length }: ImageSet, count: number): number[] {
  const seen = new Map<number, number>();
  const turns = Array.from({ length }, (_, index) => {
    const label = labels?.[index] ?? 0;
    const turn = seen.get(label) ?? 0;
    seen.set(label, turn + 1);
    return { turn, label, index };
  });
  turns.sort((a, b) => a.turn - b.turn || a.label - b.label);
  return turns.slice(0, count).map(({ index }) => index);
}

/** The images at these indices, as a set. */
export function subset(images: ImageSet, indices: readonly number[]): ImageSet {
  const { name, classes, labels } = images;
  return {
    name,
    classes,
    length: indices.length,
    labels: labels && Int32Array.from(indices, (index) => labels[index]),
    image: (i) => images.image(indices[i]),
  };
}

/** The name of an image's class, or '' without labels. */
export function className({ classes, labels }: ImageSet, index: number): string {
  const label = labels?.[index];
  return label === undefined ? '' : (classes?.[label] ?? `class ${label}`);
}
