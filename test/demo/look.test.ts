import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'puppeteer-core';
import {
  assertAccessible,
  DemoSite,
  drawPictures,
  drop,
  loseGraphicsCard,
  press,
  type SiteOptions,
  tabTo,
  text,
} from '../support/demo-site.ts';
import { ISOLATED } from '../support/static-server.ts';
import { openChromium, SWIFTSHADER } from '../support/visit.ts';

describe('the demo that looks inside pictures', () => {
  let browser: Browser;
  let folder: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'bagssl-look-'));
    await drawPictures(join(folder, 'many'), 12);
    await drawPictures(join(folder, 'two'), 2);
    browser = await openChromium(...SWIFTSHADER);
  });
  after(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = (options?: SiteOptions) => DemoSite.open(browser, options);
  const told = (page: Page, pattern: RegExp) => text(page, '#told', pattern);
  async function take(page: Page, name: 'many' | 'two'): Promise<void> {
    await page.waitForSelector('#source button');
    await drop(page, join(folder, name));
    const count = name === 'many' ? 12 : 2;
    await text(page, '#status', new RegExp(`^${count} of ${count} pictures`)); // and no more the scenes, 12 at a time too
  }
  /** Makes patches so many percent of a picture's side. */
  const resize = (page: Page, percent: number) =>
    page.$eval(
      '#side',
      (side, value) => {
        (side as HTMLInputElement).value = String(value);
        side.dispatchEvent(new Event('input'));
        side.dispatchEvent(new Event('change'));
      },
      percent,
    );
  /** All maps of a column, as their colours. */
  const maps = (page: Page, column = 0): Promise<string[]> =>
    page.$$eval(
      '#spaces section',
      (sections, k) =>
        Array.from(sections[k].querySelectorAll<HTMLCanvasElement>('.heat'), (heat) =>
          heat.getContext('2d')!.getImageData(0, 0, heat.width, heat.height).data.join(),
        ),
      column,
    );

  it('shows where a patch lives, by pointer and by keys, in patches of any size', async () => {
    await using site = await open();
    const page = await site.page('look/?device=wasm');
    await told(page, /^Picture 1, patch 6 from the left, 6 from the top\. By embedding: \d+ % of this picture/); // scenes
    await assertAccessible(page);
    await take(page, 'many');
    const first = await maps(page);
    assert.equal(first.length, 12);
    assert.ok(new Set(first).size > 4); // those with nothing similar are all dark

    const stage = await page.waitForSelector('#stage');
    await stage!.click({ offset: { x: 4, y: 4 } });
    await told(page, /patch 1 from the left, 1 from the top/);
    const clicked = await maps(page);
    assert.notEqual(clicked[0], first[0]);
    assert.notDeepEqual(clicked.slice(1), first.slice(1));
    for (const key of ['ArrowRight', 'ArrowRight', 'ArrowDown', 'ArrowUp', 'ArrowUp'] as const) await stage!.press(key);
    await told(page, /patch 3 from the left, 1 from the top/);
    assert.notDeepEqual(await maps(page), clicked);

    // The nearest patch of another picture, pressed, becomes the one that is looked for.
    const near = await page.$eval('.found button', (button) => button.ariaLabel!);
    const [picture] = near.match(/\d+/)!;
    await tabTo(page, '.found button');
    await page.keyboard.press('Enter');
    await told(page, new RegExp(`^Picture ${picture}, `));
    assert.ok(await page.evaluate(() => document.activeElement!.matches('#stage'))); // where arrow keys go on

    const before = await maps(page);
    await resize(page, 45);
    await page.waitForFunction(
      (old) => document.querySelector<HTMLCanvasElement>('.heat')!.width !== old,
      { polling: 50 },
      15,
    );
    assert.notDeepEqual(await maps(page), before);
    assert.equal(await text(page, '#side-said', /%/), '45 % of the side');
    assert.deepEqual(site.errors, []);
  });

  it('compares embedding and projection of an encoder that was trained here', async () => {
    await using site = await open();
    const page = await site.page('learn/?device=wasm&width=4&images=12&patches=4&steps=3');
    await page.waitForSelector('#source button');
    await drop(page, join(folder, 'many'));
    await text(page, '#status', /12 pictures ready/);
    await press(page, /^Start$/);
    await page.waitForSelector('#look:not([hidden])', { visible: true });
    await press(page, /^Look inside it$/);
    await page.waitForFunction(() =>
      /By embedding: .* By projection: /.test(document.querySelector('#told')?.textContent ?? ''),
    );
    assert.deepEqual(await page.$$eval('#spaces h3', (all) => all.map((one) => one.textContent)), [
      'Embedding',
      'Projection',
    ]);
    const [embedding, projection] = [await maps(page, 0), await maps(page, 1)];
    assert.equal(projection.length, 12); // the pictures of the other demo
    assert.notDeepEqual(embedding, projection);
    assert.deepEqual(site.errors, []);
  });

  it('works on WebGPU, and continues when the graphics card is lost', async () => {
    await using site = await open();
    const page = await site.page('look/?device=webgpu');
    await take(page, 'two');
    const before = await maps(page);
    assert.equal(before.length, 2);
    assert.match(await text(page, '#engine', /./), /on the graphics card/);
    await resize(page, 45);
    await text(page, '#status', /^Looking at picture/);
    await loseGraphicsCard(browser);
    await text(page, '#alert', /The graphics card stopped\. This page continues on the processor/);
    await page.waitForFunction(() => document.querySelector<HTMLCanvasElement>('.heat')!.width !== 15);
    assert.notDeepEqual(await maps(page), before);
    assert.match(await text(page, '#engine', /./), /on the processor.*the graphics card stopped/);
    assert.deepEqual(site.errors, []);
  });

  describe('where something is in its way', () => {
    const missing = (name: string) => (file: string) =>
      file.endsWith(name) ? Promise.reject(new Error('missing')) : readFile(file);
    const cases: readonly (readonly [string, SiteOptions, RegExp])[] = [
      [
        'a worker that is missing',
        { read: missing('embedding.worker.js') },
        /background worker of this page could not run.*blocks web workers/,
      ],
      [
        'workers that a Content-Security-Policy blocks',
        { headers: () => ({ ...ISOLATED, 'Content-Security-Policy': "worker-src 'none'" }) },
        /background worker of this page could not run.*blocks web workers/,
      ],
      ['an engine that is missing', { read: missing('.wasm') }, /compute engine could not be started/],
      [
        'an engine that is a page',
        {
          headers: (path) => ({ ...ISOLATED, ...(path.endsWith('.wasm') && { 'Content-Type': 'text/html' }) }),
          read: async (file) => (file.endsWith('.wasm') ? '<!doctype html>' : readFile(file)),
        },
        /compute engine could not be started.*it may block WebAssembly files/,
      ],
    ];
    for (const [what, options, said] of cases) {
      it(`says what to do about ${what}`, async () => {
        await using site = await open(options);
        const page = await site.page('look/?device=wasm');
        await text(page, '#alert', said);
        await resize(page, 30); // and answers
        assert.equal(await page.$eval('#side-said', (output) => output.textContent), '30 % of the side');
      });
    }

    it('takes an engine of another type than it should have', async () => {
      await using site = await open({
        headers: (path) => ({
          ...ISOLATED,
          ...(path.endsWith('.wasm') && { 'Content-Type': 'application/octet-stream' }),
        }),
      });
      await told(await site.page('look/?device=wasm'), /^Picture 1, /);
    });

    it('can be used before the engine has loaded', async () => {
      await using site = await open({
        read: (file) => (file.endsWith('.wasm') ? new Promise<never>(() => {}) : readFile(file)),
      });
      const page = await site.page('look/?device=wasm');
      await text(page, '#status', /Opening the encoder/);
      await resize(page, 30);
      assert.equal(await text(page, '#side-said', /%/), '30 % of the side');
      await drop(page, join(folder, 'two'));
      await page.waitForSelector('#source button.link:not([hidden])'); // read, and kept
    });
  });
});
