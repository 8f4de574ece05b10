/** A value of any type as an error quotes it: on one line, at most 60 characters long. */
export function quote(value: unknown): string {
  let text: string;
  try {
    text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value).split('\n')[0]);
  } catch {
    return 'a value too deep to show';
  }
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
