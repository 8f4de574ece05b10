import { type Html, html } from '../report/html.ts';

/** Figures under the names of their columns; `undefined` where nothing was measured. */
export interface Table {
  /** The name of its CSV file. */
  readonly id: string;
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | undefined)[])[];
  /** What a reader must know: configuration, seeds, patches seen, wall time. */
  readonly note: string;
}

type Cell = Table['rows'][number][number];

/** Numbers are rounded to four significant digits. */
function figure(cell: Cell): string {
  if (cell === undefined) return '—';
  if (typeof cell === 'string' || Number.isInteger(cell)) return String(cell);
  return Math.abs(cell) < 1e-4 ? cell.toExponential(2) : String(Number(cell.toPrecision(4)));
}

export function asMarkdown({ title, columns, rows, note }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [
    `### ${title}`,
    '',
    line(columns),
    line(columns.map(() => '---')),
    ...rows.map((row) => line(row.map(figure))),
    '',
    note,
    '',
  ].join('\n');
}

/** CSV after RFC 4180, in full precision. */
export function asCsv({ columns, rows }: Table): string {
  const cell = (value: Cell) => {
    const text = String(value ?? '');
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

export function asHtml({ title, columns, rows, note }: Table): Html {
  return html`<details><summary>Table: ${title}</summary><div class="wide"><table>
<thead><tr>${columns.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((cell) => html`<td>${figure(cell)}</td>`)}</tr>`)}</tbody>
</table></div><p class="small">${note}</p></details>`;
}
