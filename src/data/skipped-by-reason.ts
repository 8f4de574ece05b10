import { given } from '../base/options.ts';
import type { SkippedFile } from './image-set.ts';

/** Reasons named at most, and endings for one reason. */
const MOST = 6;

/**
 * How many files were left out for each reason, most first, with their endings:
 * `40 not a JPEG, PNG, … image (38 .heic, 2 .txt), 3 hidden (3 without an ending)`.
 * @throws BagsslError `bad-argument`
 */
export function skippedByReason(skipped: readonly SkippedFile[]): string {
  given(Array.isArray(skipped), skipped, 'skipped', 'an array of { file, reason }');
  return named(
    groups(skipped, ({ reason }) => reason),
    'for other reasons',
    (reason, some) => {
      const files = some.filter(({ file }) => !file.endsWith('/'));
      return `${reason}${files.length ? ` (${endings(files)})` : ''}`;
    },
  );
}

/** How many files there are of each ending, most first. */
function endings(files: readonly SkippedFile[]): string {
  const kinds = groups(files, ({ file }) => {
    const [, ending] = /[^/]\.(\w{1,12})$/.exec(file) ?? [];
    return ending ? `.${ending.toLowerCase()}` : 'without an ending';
  });
  return named(kinds, 'others', (kind) => kind);
}

/** The first groups by name, and the number of the others. */
function named<T>(all: readonly [string, T[]][], others: string, name: (key: string, items: T[]) => string): string {
  const rest = all.slice(MOST).reduce((sum, [, items]) => sum + items.length, 0);
  const first = all.slice(0, MOST).map(([key, items]) => `${items.length} ${name(key, items)}`);
  return [...first, ...(rest ? [`${rest} ${others}`] : [])].join(', ');
}

function groups<T>(items: readonly T[], keyOf: (item: T) => string): [key: string, items: T[]][] {
  const found = new Map<string, T[]>();
  for (const item of items) {
    const group = found.get(keyOf(item));
    if (group) group.push(item);
    else found.set(keyOf(item), [item]);
  }
  return [...found].sort(([, a], [, b]) => b.length - a.length);
}
