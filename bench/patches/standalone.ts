// bagssl alone, for the platforms that bench/patches.ts starts; prints its rows as one line of JSON.
import { ours } from './ours.ts';

const platform = 'Deno' in globalThis ? 'Deno' : 'Node';
const rows = await ours(platform, navigator.hardwareConcurrency ?? 2);
console.log(JSON.stringify(rows));
(globalThis as { Deno?: { exit(code: number): void } }).Deno?.exit(0);
