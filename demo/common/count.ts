/** "1 picture", "1,234 pictures". */
export const count = (n: number, what = 'picture'): string => `${n.toLocaleString('en')} ${what}${n === 1 ? '' : 's'}`;
