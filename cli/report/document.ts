import { type Html, html } from './html.ts';
import { STYLE } from './style.ts';

/** A page as one HTML file without scripts, links to other files or network access: its content policy forbids them. */
export function document(title: string, main: Html, footer: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${main}
</main>
<footer>${footer}</footer>
</body>
</html>
`.text;
}

export const section = (title: string, introduction: Html | string, ...body: readonly Html[]): Html =>
  html`<section><h2>${title}</h2><p class="intro">${introduction}</p>${body}</section>`;
