/**
 * The address of `node_modules/` where Vite's dev server, up to version 7, has put this module among its own files (`.vite/deps`), away
 * from the files beside it; undefined everywhere else. From version 8 Vite finds them, as bundlers do, by this form of their address.
 */
export function movedFrom(): string | undefined {
  return /^(https?:.*\/node_modules\/)\.vite\/deps/.exec(new URL('./index.js', import.meta.url).href)?.[1];
}
