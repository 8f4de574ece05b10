import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { builtinScenes } from '../../src/data.ts';
import { fit } from '../../src/index.ts';
import { openEmbedder } from '../support/open-embedder.ts';
import { plainImages, SHORT_RUN } from '../support/short-training.ts';

const built = readdirSync('dist', { recursive: true })
  .map((name) => join('dist', String(name)))
  .filter((name) => /\.m?js$/.test(name));

describe('the built package', () => {
  it('holds no eval, no Function from text, no text as a timer, no HTML from text', () => {
    assert.ok(built.length >= 4, 'build first');
    for (const file of built) {
      const text = readFileSync(file, 'utf8');
      for (const trap of [
        /\beval\s*\(/,
        /\bnew\s+Function\b/,
        /[^.\w]Function\s*\(/,
        /\.constructor\s*\(\s*['"`]/,
        /set(Timeout|Interval)\s*\(\s*['"`]/,
        /\b(inner|outer)HTML\b/,
        /insertAdjacentHTML|document\.write\b/,
      ]) {
        const found = trap.exec(text);
        assert.equal(found, null, `${file}: ${found && text.slice(found.index - 40, found.index + 60)}`);
      }
    }
  });

  it('names no address but those of its sources', () => {
    const hosts = built.flatMap((file) =>
      Array.from(readFileSync(file, 'utf8').matchAll(/https?:\/\/([\w.-]+)/g), ([, host]) => host),
    );
    // Namespaces and references are text; nothing asks for them.
    assert.deepEqual(
      hosts.filter((host) => !['www.w3.org', 'arxiv.org', 'github.com'].includes(host)),
      [],
    );
  });
});

describe('a program that trains and embeds', () => {
  it('asks the network for nothing', async () => {
    const asked: string[] = [];
    const { fetch, XMLHttpRequest, WebSocket } = globalThis as Record<string, unknown>;
    const trap = (what: unknown) => {
      asked.push(String((what as Request)?.url ?? what));
      throw new Error(`The network was asked for ${what}.`);
    };
    Object.assign(globalThis, { fetch: trap, XMLHttpRequest: trap, WebSocket: trap });
    try {
      const training = fit({
        data: plainImages(),
        config: { ...SHORT_RUN, budget: { steps: 2 } },
        device: 'wasm',
        threads: 1,
        workers: 1,
      });
      for await (const _ of training);
      const { config, state } = await training.checkpoint();
      await training.dispose();
      const { model, recipe } = config;
      const embedder = await openEmbedder({ model, recipe, weights: state, device: 'wasm', threads: 1, workers: 0 });
      await embedder.matrix(plainImages(2));
      await embedder.dispose();
      assert.ok(builtinScenes({ count: 2 }).image(1));
    } finally {
      Object.assign(globalThis, { fetch, XMLHttpRequest, WebSocket });
    }
    assert.deepEqual(asked, []);
  });
});
