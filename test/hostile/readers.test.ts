import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Stream } from '../../src/base/random.ts';
import { BagsslError } from '../../src/index.ts';
import { readers } from './readers.ts';

/** `npm run test:fuzz` tries a million. */
const INPUTS = Number(process.env.BAGSSL_FUZZ ?? 3000);
const SEED = Number(process.env.BAGSSL_FUZZ_SEED ?? 1);
const SLOW_MS = 1000;

const all = await readers();
const shares = Object.values(all).reduce((sum, { share }) => sum + share, 0);

/** Memory of arrays and of the heap. Garbage that has not been collected yet counts, so that it only ever says too much. */
const memory = () => {
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
};

describe('hostile input quickly gives our errors or a value, and takes little memory', () => {
  for (const [name, reader] of Object.entries(all)) {
    const inputs = Math.ceil((INPUTS * reader.share) / shares);
    it(`${inputs} ${name}`, { timeout: 600_000 }, async (context) => {
      const started = performance.now();
      let refused = 0;
      let slowest = 0;
      let largest = 0;
      const once = async (k: number) => {
        const { length, read } = reader.next(new Stream(SEED, name, k));
        const before = memory();
        const begun = performance.now();
        try {
          // Awaiting what is no promise would cost more than most readers.
          const result = read();
          if (result instanceof Promise) await result;
        } catch (error) {
          if (!(error instanceof BagsslError)) throw new Error(`input ${k}: ${error}`, { cause: error });
          refused++;
        }
        const ms = performance.now() - begun;
        const taken = memory() - before;
        return { ms, taken: taken - reader.factor * length };
      };
      for (let k = 0; k < inputs; k++) {
        let { ms, taken } = await once(k);
        const one = refused;
        // A busy machine or a collection of garbage is not the input's doing: what is, happens again.
        for (let again = 0; again < 2 && (ms > SLOW_MS || taken > reader.most); again++) {
          const next = await once(k);
          ms = Math.min(ms, next.ms);
          taken = Math.min(taken, next.taken);
        }
        refused = one;
        assert.ok(ms <= SLOW_MS, `input ${k} took ${ms} ms`);
        assert.ok(taken <= reader.most, `input ${k} took ${taken} bytes more than ${reader.factor} times its own`);
        slowest = Math.max(slowest, ms);
        largest = Math.max(largest, taken);
      }
      const seconds = (performance.now() - started) / 1000;
      context.diagnostic(
        `${name}: ${inputs} inputs in ${seconds.toFixed(1)} s, ${refused} refused, slowest ${slowest.toFixed(0)} ms, most memory ${(largest / 1024 ** 2).toFixed(1)} MiB`,
      );
      assert.ok(refused < inputs, 'nothing was accepted: the inputs show nothing');
    });
  }
});
