// An augmentation of a user's own, as a module that workers import: black out some columns.

export default {
  name: 'streaks',
  check({ most }) {
    if (!Number.isInteger(most) || most < 1)
      throw new Error(`most is ${most}; it must be a whole number of at least 1`);
  },
  draw({ most }, random, size) {
    const count = random.below(most + 1);
    return count === 0 ? undefined : Array.from({ length: count }, () => random.below(size));
  },
  change(tile, columns, size) {
    for (const column of columns) for (let i = column; i < tile.length; i += size) tile[i] = 0;
  },
};
