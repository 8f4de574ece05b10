import { BagsslError } from '../../base/errors.ts';
import { matmul, reduceSum, reshape, transpose } from '../functions.ts';
import { elements, type Value } from '../graph.ts';
import { mismatch } from '../shapes.ts';
import type { Translation } from './operation.ts';

/** A value with a letter for each axis. */
interface Labelled {
  readonly value: Value;
  readonly axes: readonly string[];
}

/** Einstein's summation: products of two operands at a time, as products of matrices. */
export const einsum: Translation = ({ inputs, attributes: { equation } }) => {
  const [left, right] = String(equation).replaceAll(' ', '').split('->');
  const terms = left.split(',');
  if (terms.length !== inputs.length) throw refused(equation, 'has another number of operands');
  const operands = inputs.map((value, k): Labelled => ({ value: value!, axes: lettersOf(terms[k], value!, equation) }));
  const all = operands.flatMap(({ axes }) => axes);
  const once = [...new Set(all)].filter((letter) => all.indexOf(letter) === all.lastIndexOf(letter)).sort();
  const rest = [...new Set(all)].filter((letter) => letter.length > 1);
  const output =
    right === undefined
      ? [...rest, ...once.filter((letter) => letter.length === 1)]
      : right.split(/(\.\.\.|)/).flatMap((part) => (part === '...' ? rest : part ? [part] : []));
  const result = operands.reduce((a, b, k) => {
    const later = operands.slice(k + 1).flatMap(({ axes }) => axes);
    return product(a, b, new Set([...output, ...later]));
  });
  const { value, axes } = summed(result, new Set(output));
  if (output.some((letter) => !axes.includes(letter))) throw refused(equation, 'names an axis that no operand has');
  return [ordered(value, axes, output)];
};

const refused = (equation: unknown, why: string) =>
  new BagsslError('unsupported-operator', `Einsum "${equation}" ${why}, which is not supported.`);

/** A letter for each axis; those of "…" are numbered from the end. */
function lettersOf(term: string, value: Value, equation: unknown): string[] {
  const parts = term.split(/(\.\.\.|)/).filter(Boolean);
  const named = parts.filter((part) => part !== '...').length;
  const axes = parts.flatMap((part) =>
    part === '...'
      ? Array.from({ length: value.shape.length - named }, (_, k) => `…${value.shape.length - named - k}`)
      : [part],
  );
  if (axes.length !== value.shape.length) throw mismatch('Einsum', `has not the axes "${term}"`, value);
  if (new Set(axes).size < axes.length) throw refused(equation, 'takes a diagonal');
  return axes;
}

/** Without the axes that nothing else needs. */
function summed({ value, axes }: Labelled, kept: ReadonlySet<string>): Labelled {
  const gone = axes.flatMap((letter, i) => (kept.has(letter) ? [] : [i]));
  if (gone.length === 0) return { value, axes };
  return { value: reduceSum(value, gone), axes: axes.filter((letter) => kept.has(letter)) };
}

/** The product of two operands, summed over the axes that are in both and not in `kept`. */
function product(first: Labelled, second: Labelled, kept: ReadonlySet<string>): Labelled {
  const a = summed(first, new Set([...kept, ...second.axes]));
  const b = summed(second, new Set([...kept, ...first.axes]));
  const both = a.axes.filter((letter) => b.axes.includes(letter));
  const batch = both.filter((letter) => kept.has(letter));
  const inner = both.filter((letter) => !kept.has(letter));
  const rows = a.axes.filter((letter) => !both.includes(letter));
  const columns = b.axes.filter((letter) => !both.includes(letter));
  const extent = (letter: string) =>
    a.axes.includes(letter) ? a.value.shape[a.axes.indexOf(letter)] : b.value.shape[b.axes.indexOf(letter)];
  for (const letter of both) {
    if (b.value.shape[b.axes.indexOf(letter)] !== extent(letter))
      throw mismatch('Einsum', `differ along "${letter}"`, a.value, b.value);
  }
  const size = (letters: readonly string[]) => elements(letters.map(extent));
  const stack = batch.map(extent);
  const p = reshape(ordered(a.value, a.axes, [...batch, ...rows, ...inner]), [...stack, size(rows), size(inner)]);
  const q = reshape(ordered(b.value, b.axes, [...batch, ...inner, ...columns]), [...stack, size(inner), size(columns)]);
  const axes = [...batch, ...rows, ...columns];
  return { value: reshape(matmul(p, q), axes.map(extent)), axes };
}

function ordered(value: Value, axes: readonly string[], wanted: readonly string[]): Value {
  const perm = wanted.map((letter) => axes.indexOf(letter));
  return perm.every((axis, i) => axis === i) ? value : transpose(value, perm);
}
