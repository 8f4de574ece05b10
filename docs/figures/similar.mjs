// Draws docs/figures/similar.webp with the shipped encoder and generated scenes: npm run build, then node docs/figures/similar.mjs
import sharp from 'sharp';
import { builtinScenes } from '../../dist/data.js';
import { cosine, createEmbedder, SearchIndex } from '../../dist/index.js';

const QUERIES = [12, 3, 5, 8]; // checks, dots, bricks, rays
const NEAREST = 4;
const [TILE, GAP, TOP] = [112, 6, 30];

const scenes = builtinScenes({ split: 'test', count: 600 });
const embedder = await createEmbedder({ device: 'wasm' });
// Where two match is shown by patches of the network that both encoders have.
const ofPatches = await createEmbedder({ device: 'wasm', encoder: 'models/cifar10.safetensors' });
const index = new SearchIndex(embedder.width);
const pixels = new SearchIndex(scenes.image(0).data.length);
const queries = [];
for await (const { index: i, vector } of embedder.bags(scenes)) {
  index.add(String(i), vector);
  const { data } = scenes.image(i);
  const average = data.reduce((sum, value) => sum + value, 0) / data.length;
  queries.push([vector, Float32Array.from(data, (value) => value - average)]);
  pixels.add(String(i), queries[i][1]);
}
// How often the nearest other picture is of the query's class: with the encoder, and by raw pixels. Chance is 0.1.
const { labels } = scenes;
for (const [k, one] of [index, pixels].entries()) {
  const right = queries.filter(
    (query, i) => labels[one.search(query[k], 2).find(({ id }) => id !== String(i)).id] === labels[i],
  );
  console.log(['shipped encoder', 'raw pixels'][k], right.length / queries.length);
}

/** The picture as an enlarged tile of RGB bytes. */
const tile = (i) => {
  const { data, width, height } = scenes.image(i);
  const bytes = Uint8Array.from({ length: data.length }, (_, k) => data[(k % 3) * width * height + Math.floor(k / 3)]);
  return sharp(bytes, { raw: { width, height, channels: 3 } }).resize(TILE, TILE, { kernel: 'cubic' });
};

const STOPS = [
  [13, 8, 41],
  [84, 18, 110],
  [166, 44, 96],
  [229, 92, 48],
  [251, 165, 24],
  [252, 253, 191],
];
const colour = (value) => {
  const at = Math.min(0.999, Math.max(0, value)) * (STOPS.length - 1);
  const [low, high] = [STOPS[Math.floor(at)], STOPS[Math.floor(at) + 1]];
  return low.map((c, k) => Math.round(c + (high[k] - c) * (at % 1)));
};

const [ACROSS, SCALE, BRIGHTEST] = [17, 0.0625, 0.75];
const patchesOf = async (i) => {
  const { patches } = await ofPatches.bag(scenes.image(i), {
    placement: { kind: 'grid', across: ACROSS, scales: [SCALE] },
    keepPatches: true,
  });
  const { data, rows, columns } = patches.vectors;
  return Array.from({ length: rows }, (_, r) => data.slice(r * columns, (r + 1) * columns));
};

const some = [];
for (let i = 0; i < 60; i++) some.push(...(await patchesOf(i)));
const mean = some[0].map((_, k) => some.reduce((sum, v) => sum + v[k], 0) / some.length);
const less = (v) => v.map((x, k) => x - mean[k]);

const layers = [];
const at = (row, column, extra = 0) => ({ left: column * (TILE + GAP) + extra, top: TOP + row * (TILE + GAP) });
const put = async (image, place) => layers.push({ input: await image.png().toBuffer(), ...place });
const far = 3 * GAP;
const boxes = [];
for (const [row, query] of QUERIES.entries()) {
  const found = index
    .search(await embedder.embed(scenes.image(query)), NEAREST + 1)
    .filter(({ id }) => id !== String(query));
  await put(tile(query), at(row, 0));
  for (const [k, { id }] of found.slice(0, NEAREST).entries()) await put(tile(Number(id)), at(row, k + 1, far));

  const nearest = Number(found[0].id);
  const [own, other] = [await patchesOf(query), await patchesOf(nearest)];
  const middle = less(own[(own.length - 1) / 2]);
  const values = other.map((v) => cosine(less(v), middle));
  const heat = Uint8Array.from(values.flatMap((value) => colour(value / BRIGHTEST)));
  const map = await sharp(heat, { raw: { width: ACROSS, height: ACROSS, channels: 3 } })
    .resize((3 * TILE) / 4, (3 * TILE) / 4, { kernel: 'cubic' })
    .extend({ top: TILE / 8, bottom: TILE / 8, left: TILE / 8, right: TILE / 8, extendWith: 'copy' })
    .ensureAlpha(0.72)
    .png()
    .toBuffer();
  const lit = await tile(nearest).png().toBuffer();
  await put(tile(query), at(row, 5, 2 * far));
  await put(sharp(lit).composite([{ input: map }]), at(row, 6, 2 * far));
  const { left, top } = at(row, 5, 2 * far);
  boxes.push(
    `<rect x="${left + (3 * TILE) / 8}" y="${top + (3 * TILE) / 8}" width="${TILE / 4}" height="${TILE / 4}"/>`,
  );
}
const last = at(QUERIES.length, 7, 2 * far);
const [width, height] = [last.left - GAP, last.top - GAP];
const label = (text, column, extra) => `<text x="${at(0, column, extra).left}" y="20">${text}</text>`;
const drawing = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
<g font-family="DejaVu Sans, sans-serif" font-size="15" fill="#1f2328">
${label('query', 0, 0)}${label('nearest of 600 pictures', 1, far)}${label('where they match', 5, 2 * far)}</g>
<g fill="none" stroke="#fff" stroke-width="3">${boxes.join('')}</g></svg>`;
await sharp({ create: { width, height, channels: 3, background: '#fff' } })
  .composite([...layers, { input: Buffer.from(drawing), left: 0, top: 0 }])
  .webp({ quality: 80 })
  .toFile(new URL('similar.webp', import.meta.url).pathname);
await embedder.dispose();
await ofPatches.dispose();
