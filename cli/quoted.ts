/** An argument, quoted for a POSIX shell. */
export const quoted = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** A file's name in one line of text: controls, and what turns the direction of writing, as escapes. A name may hold any of them. */
export const inOneLine = (name: string): string =>
  name.replaceAll(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu, (c) => {
    const short = JSON.stringify(c).slice(1, -1);
    return short === c ? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}` : short;
  });
