const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:]/gs;

/**
 * The first key that stands twice in one object of `json`, or undefined. `JSON.parse` keeps the last of two silently,
 * where another reader may keep the first.
 * @param json text that `JSON.parse` has accepted
 */
export function duplicateKey(json: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  let last = '';
  for (const [token] of json.matchAll(TOKEN)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (token === ':') {
      const keys = open.at(-1) as Set<string>;
      if (keys.has(last)) return last;
      keys.add(last);
    } else last = JSON.parse(token);
  }
  return undefined;
}
