// The pixels of a photo, in this process or in one of its own, which a photo may crash.
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { decodeImage } from 'bagssl/data';

/** Decoded and shrunk as `bagssl embed` does it. */
export const decode = async (path, shortSide) => decodeImage(await readFile(path), path, { shortSide });

/** As `decode`, in a process that is started for this photo alone. */
export function decodeApart(path, shortSide) {
  const file = fileURLToPath(import.meta.url);
  const runtime = globalThis.Deno ? ['run', '--allow-all', file] : [file];
  const child = spawn(process.execPath, [...runtime, path, String(shortSide)], { stdio: ['ignore', 'pipe', 'ignore'] });
  const parts = [];
  child.stdout.on('data', (part) => parts.push(part));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      // The process begins with a space. One that does not come so far is not the photo's doing.
      const [begun, whole] = [parts.length > 0, Buffer.concat(parts)];
      const end = whole.indexOf('\n');
      if (code !== 0 || end < 0) {
        const what = begun ? 'it ends the process that decodes it' : 'the process that decodes photos does not start';
        reject(Object.assign(new Error(`${what} (${signal ?? code})`), !begun && { code: 'NO_DECODER' }));
        return;
      }
      const { reason, width, height } = JSON.parse(whole.subarray(0, end).toString());
      if (reason) reject(new Error(reason));
      else resolve({ data: new Uint8Array(whole.subarray(end + 1)), width, height, layout: 'rgba' });
    });
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , path, shortSide] = process.argv;
  process.stdout.write(' ');
  const say = (head) => process.stdout.write(`${JSON.stringify(head)}\n`);
  try {
    const { data, width, height } = await decode(path, Number(shortSide));
    say({ width, height });
    process.stdout.write(data);
  } catch (error) {
    if (error.code !== 'bad-data') throw error;
    say({ reason: error.message });
  }
}
