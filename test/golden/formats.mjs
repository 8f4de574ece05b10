// Writes formats.json: a picture in every format and form that is decoded, for test/everywhere/formats.test.ts, and its vectors as Node
// with sharp makes them. After npm run build, with a Python that has what formats.py asks for:
//
//   PYTHON=python3 node test/golden/formats.mjs
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { builtinScenes, decodeImage } from '../../dist/data.js';
import { createEmbedder } from '../../dist/index.js';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'bagssl-formats-'));
const save = (name, bytes) => writeFileSync(join(folder, name), bytes);

// Two scenes side by side.
const [width, height] = [64, 32];
const raw = new Uint8Array(width * height * 3);
const scenes = builtinScenes({ count: 2 });
for (let n = 0; n < 2; n++) {
  const { data } = await scenes.image(n);
  for (let i = 0; i < 1024; i++) {
    const at = (i >> 5) * width + n * 32 + (i & 31);
    for (let c = 0; c < 3; c++) raw[at * 3 + c] = data[c * 1024 + i];
  }
}
// A little softer, as photographs are: codecs differ most where every pixel is an edge.
const soft = await sharp(raw, { raw: { width, height, channels: 3 } }).blur(0.8).raw().toBuffer();
const picture = () => sharp(soft, { raw: { width, height, channels: 3 } });
const source = join(folder, 'source.png');
await picture().png().toFile(source);
const { status } = spawnSync(process.env.PYTHON ?? 'python3', [here('formats.py'), source, folder], { stdio: 'inherit' });
if (status !== 0) throw new Error('formats.py failed');
rmSync(source);

const jpeg = await picture().jpeg({ quality: 92 }).toBuffer();
save('baseline.jpg', jpeg);
save('progressive.jpg', await picture().jpeg({ quality: 92, progressive: true }).toBuffer());
save('444.jpg', await picture().jpeg({ quality: 92, chromaSubsampling: '4:4:4' }).toBuffer());
save('grey.jpg', await picture().greyscale().jpeg({ quality: 92 }).toBuffer());
save('no-end.jpg', jpeg.subarray(0, -2));
save('cut.jpg', jpeg.subarray(0, Math.floor(jpeg.length * 0.7)));
// Noise under alpha 0 in the right third, half transparent in the middle.
const alpha = Buffer.alloc(width * height * 4);
for (let i = 0; i < width * height; i++) {
  const part = Math.floor(((i % width) * 3) / width);
  for (let c = 0; c < 3; c++) alpha[4 * i + c] = part === 2 ? (i * 97 + c * 31) & 255 : soft[3 * i + c];
  alpha[4 * i + 3] = [255, 128, 0][part];
}
const clear = () => sharp(alpha, { raw: { width, height, channels: 4 } });
save('plain.png', await picture().png().toBuffer());
save('16.png', await picture().toColourspace('rgb16').png().toBuffer());
save('palette.png', await picture().png({ palette: true }).toBuffer());
save('grey.png', await picture().greyscale().png().toBuffer());
save('interlaced.png', await picture().png({ progressive: true }).toBuffer());
save('alpha.png', await clear().png().toBuffer());
save('lossy.webp', await picture().webp({ quality: 92 }).toBuffer());
save('lossless.webp', await picture().webp({ lossless: true }).toBuffer());
save('alpha.webp', await clear().webp({ lossless: true, exact: true }).toBuffer());
save('still.gif', await picture().gif().toBuffer());
save('alpha.gif', await clear().gif().toBuffer());
save('photo.avif', await picture().avif({ quality: 80 }).toBuffer());
save('alpha.avif', await clear().avif({ quality: 80 }).toBuffer());
save('lzw.tiff', await picture().tiff({ compression: 'lzw' }).toBuffer());
save('deflate.tiff', await picture().tiff({ compression: 'deflate', predictor: 'horizontal' }).toBuffer());
save('jpeg.tiff', await picture().tiff({ compression: 'jpeg', quality: 92 }).toBuffer());
save('tiles.tiff', await picture().tiff({ compression: 'none', tile: true, tileWidth: 32, tileHeight: 32 }).toBuffer());
save('16.tiff', await picture().toColourspace('rgb16').tiff({ compression: 'lzw' }).toBuffer());
save('alpha.tiff', await clear().tiff({ compression: 'lzw' }).toBuffer());

const base64 = (bytes) => Buffer.from(bytes).toString('base64');
const embedder = await createEmbedder({ device: 'wasm', threads: 1, workers: 0 });
const files = {};
for (const name of readdirSync(folder).sort()) {
  const bytes = readFileSync(join(folder, name));
  const vector = await embedder.embed(await decodeImage(bytes, name));
  const most = Math.max(...vector.map(Math.abs));
  // A byte a number: a cosine of 0.9999 with the vector itself.
  files[name] = { bytes: base64(bytes), vector: base64(Int8Array.from(vector, (v) => Math.round((v / most) * 127))) };
}
await embedder.dispose();
rmSync(folder, { recursive: true });
const lines = Object.entries(files).map(([name, file]) => `${JSON.stringify(name)}:${JSON.stringify(file)}`);
writeFileSync(here('formats.json'), `{\n${lines.join(',\n')}\n}\n`);
