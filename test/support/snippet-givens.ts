/** What the documents' programs leave open, as code; names of pages' elements stand for what such elements hold. */
export const GIVEN: Readonly<Record<string, string>> = {
  readFileSync: "const { readFileSync } = await import('node:fs');",
  fileA: "const fileA = new Blob([(await import('node:fs')).readFileSync('photos/0.png')]);",
  fileB: "const fileB = new Blob([(await import('node:fs')).readFileSync('photos/1.png')]);",
  query: "const query = 'photos/2.png';",
  image: "const image = 'photos/0.png';",
  images: "const images = ['photos/0.png', 'photos/1.png'];",
  files: `const files = await Promise.all(
    ['0.png', '1.png', '2.png'].map(async (name) => new File([(await import('node:fs')).readFileSync(\`photos/\${name}\`)], name)),
  );`,
  data: "const data = (await import('bagssl/data')).builtinScenes({ count: 60 });",
  test: "const test = (await import('bagssl/data')).builtinScenes({ split: 'test', count: 20 });",
  embedder: "const embedder = await (await import('bagssl')).createEmbedder();",
  store: "const store = (await import('bagssl/train')).memoryStore();",
  show: 'const show = (..._: unknown[]) => {};',
  signal: 'const { signal } = new AbortController();',
};

/** What would take long, or is in a file that the page shows before, and what stands for it. */
export const QUICKER: readonly (readonly [RegExp, string])[] = [
  [/minutes: \d+/g, 'steps: 2'],
  [/\.\/streaks\.js/g, './docs-patches-md-1.mjs'],
];
