import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as ort from 'onnxruntime-node';
import type { Browser, Page } from 'puppeteer-core';
import sharp from 'sharp';
import { PatchEncoder } from '../../src/embed.ts';
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

/** A network small enough for a test; see demo/learn/settings.ts. */
const TINY = '?device=wasm&width=4&images=12&patches=4';
/** What lies in the browser's private files, in a page. */
async function keptHere(): Promise<string[]> {
  const found: string[] = [];
  for await (const [name, handle] of (await navigator.storage.getDirectory()).entries()) {
    if (handle instanceof FileSystemDirectoryHandle)
      for await (const file of handle.keys()) found.push(`${name}/${file}`);
  }
  return found;
}

/** Lets a page neither decode or encode pictures nor compute: what takes long belongs into workers. */
function keepPageFree(): void {
  const forbidden = () => {
    throw new Error('in the thread of the page');
  };
  Object.assign(globalThis, { createImageBitmap: forbidden });
  Object.assign(HTMLCanvasElement.prototype, { toBlob: forbidden });
  Object.assign(WebAssembly, { instantiate: forbidden, instantiateStreaming: forbidden });
}

/** Enough for a hand to press Pause before they are over. */
const STEPS = 300;

describe('the demo that learns from pictures', () => {
  let browser: Browser;
  let folder: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'bagssl-demo-'));
    await drawPictures(join(folder, 'pictures/more'), 12);
    await drawPictures(join(folder, 'three'), 3);
    writeFileSync(join(folder, 'pictures/<img src=x onerror=alert(1)>.png'), 'no picture');
    writeFileSync(join(folder, 'pictures/.hidden'), 'of the system');
    const whole = readFileSync(join(folder, 'three/picture-0.png'));
    writeFileSync(join(folder, 'pictures/half.png'), whole.subarray(0, whole.length >> 1));
    const jpeg = await sharp(whole).jpeg().toBuffer();
    writeFileSync(join(folder, 'pictures/half.jpg'), jpeg.subarray(0, jpeg.length >> 1));
    mkdirSync(join(folder, 'nothing'));
    browser = await openChromium(
      ...SWIFTSHADER,
      '--use-fake-device-for-media-stream',
      '--host-resolver-rules=MAP device.test 127.0.0.1',
    );
  });
  after(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = (options?: SiteOptions) => DemoSite.open(browser, options);
  const pictures = () => join(folder, 'pictures');
  async function takePictures(page: Page): Promise<void> {
    await page.waitForSelector('#source button');
    await drop(page, pictures());
    await text(page, '#status', /12 pictures ready, 3 files left out/);
  }
  /** First and last loss of the chart, as it is told to a screen reader, and the step of the last. */
  async function curve(page: Page, name = '#loss-chart'): Promise<{ first: number; last: number; step: number }> {
    await page.waitForFunction(
      (where) => / at step .* at step /.test(document.querySelector(where)!.ariaLabel!),
      {},
      name,
    );
    const label = await page.$eval(name, (chart) => chart.ariaLabel!);
    const [first, , last, step] = label.match(/-?[\d.]+/g)!.map(Number);
    return { first, last, step };
  }

  it('learns from a dropped folder, pauses, resumes at the same step after a reload, and exports the result', async () => {
    await using site = await open({ before: keepPageFree });
    const page = await site.page(`learn/${TINY}&steps=${STEPS}`);
    await assertAccessible(page);
    await takePictures(page);
    assert.equal(await page.$$eval('#strip canvas', (all) => all.length), 12);
    const refused = await text(page, '.refused', /left out/);
    assert.match(refused, /<img src=x onerror=alert\(1\)>\.png: the bytes are not a JPEG, PNG/);
    assert.match(refused, /half\.png: the png is truncated/);
    assert.match(refused, /half\.jpg: the jpeg is truncated/);
    assert.equal(await page.$$eval('main img', (all) => all.length), 0);

    await press(page, /^Start$/);
    await text(page, '#step', /^\d\d+$/);
    assert.match(await text(page, '#pace', /\d/), /^[\d,]+$/);
    await page.waitForSelector('#sheet .patch');
    await press(page, /^Pause$/);
    const said = await text(page, '#go', /^Resume at step \d+$/);
    const paused = Number(said.match(/\d+/));
    assert.ok(paused >= 10 && paused < STEPS, `paused at step ${paused}`);

    await page.reload();
    await text(page, '#go', new RegExp(`^${said}$`));
    await page.waitForSelector('#go:not(:disabled)'); // the pictures were kept as well
    assert.equal((await curve(page)).step, paused);
    await press(page, /^Resume/);
    await text(page, '#go', /^Start$/);
    const { first, last, step } = await curve(page);
    assert.equal(step, STEPS);
    assert.ok(last < first - 1, `the loss went from ${first} to ${last}`);

    await press(page, /^Find similar pictures/);
    await page.waitForSelector('.found li');
    const lists = await page.$$eval('.found', (all) => all.map((list) => list.children.length));
    assert.deepEqual(lists, [6, 6], 'what was trained here, and what is shipped');
    await assertAccessible(page);
    await exported(page, join(folder, 'downloads'));

    page.on('dialog', (dialog) => dialog.accept());
    await Promise.all([page.waitForNavigation(), press(page, /^Forget pictures/)]);
    await text(page, '#go', /^Start$/);
    assert.deepEqual(await page.evaluate(keptHere), []);
    assert.deepEqual(site.errors, []);
  });

  async function exported(page: Page, downloads: string): Promise<void> {
    const session = await page.createCDPSession();
    await session.send('Browser.setDownloadBehavior', {
      behavior: 'allow',
      browserContextId: page.browserContext().id,
      downloadPath: downloads,
    });
    const file = async (label: RegExp, name: string) => {
      await press(page, label);
      const path = join(downloads, name);
      for (let tries = 0; !existsSync(path) && tries < 100; tries++) await new Promise((wait) => setTimeout(wait, 50));
      return path;
    };
    const { model } = await PatchEncoder.read(readFileSync(await file(/safetensors/, 'encoder.safetensors')));
    assert.deepEqual(model.encoder, { kind: 'conv', widths: [4, 8], strides: [2, 2], residual: false });

    const patches = Float32Array.from({ length: 2 * 3 * 16 * 16 }, (_, i) => Math.sin(i));
    const encoder = await ort.InferenceSession.create(await file(/Encoder .*onnx/, 'encoder.onnx'));
    const { embedding } = await encoder.run({ patches: new ort.Tensor('float32', patches, [2, 3, 16, 16]) });
    assert.deepEqual(embedding.dims, [2, 8]);
    const values = embedding.data as Float32Array;
    assert.ok(values.every(Number.isFinite) && values.subarray(0, 8).join() !== values.subarray(8).join());

    const embedder = await ort.InferenceSession.create(await file(/to vectors/, 'embedder.onnx'));
    const images = new ort.Tensor('uint8', new Uint8Array(256 * 256 * 3).fill(90), [1, 256, 256, 3]);
    assert.deepEqual((await embedder.run({ images })).bag.dims, [1, 8]);
  }

  it('is used by keyboard alone', async () => {
    await using site = await open();
    await site.allow('camera');
    const page = await site.page(`learn/${TINY}`);
    await page.waitForSelector('#source button');
    const enter = async (selector: string) => {
      await tabTo(page, selector);
      await page.keyboard.press('Enter');
    };
    const focused = (selector: string) =>
      page.waitForFunction((where) => document.activeElement!.matches(where), { polling: 50 }, selector);
    await enter('#source .row button:nth-of-type(1)'); // the camera
    await focused('.stills button.main');
    for (let k = 1; k <= 8; k++) {
      await page.keyboard.press('Enter');
      await text(page, '.stills p', new RegExp(`^${k} picture`));
    }
    await enter('.stills button:last-of-type');
    await focused('#source button');
    await page.waitForSelector('#go:not(:disabled)');
    assert.equal(await page.$$eval('#strip canvas', (all) => all.length), 8);
    await enter('#go');
    await text(page, '#step', /^[1-9]/);
    await page.keyboard.press('Enter'); // on the same button: pause
    await text(page, '#go', /^Resume at step/);
    assert.equal(`Resume at step ${await text(page, '#step', /\d/)}`, await text(page, '#go', /./));
    await enter('#stop');
    await focused('#go');
    await enter('#compare');
    await page.waitForSelector('.pictures button');
    await enter('.pictures button:nth-of-type(2)');
    await text(page, '#neighbours h3', /^Most similar to still 2$/);
    assert.deepEqual(site.errors, []);
  });

  it('learns on WebGPU, and continues when the graphics card is lost', async () => {
    await using site = await open();
    const page = await site.page('learn/?device=webgpu&width=4&images=4&patches=2&steps=40'); // time enough to lose it before the end
    await takePictures(page);
    await press(page, /^Start$/);
    await text(page, '#footing', /on the graphics card \(/);
    await text(page, '#step', /^[1-9]\d?$/);
    await loseGraphicsCard(browser);
    await text(page, '#footing', /The GPU was lost \(.*\)\. Training continues from step \d/);
    await text(page, '#status', /^Done\.$/);
    assert.equal((await curve(page)).step, 40);
    assert.deepEqual(site.errors, []);
  });

  it('can be used before the engine has loaded', async () => {
    let asked = false;
    const read = (file: string) => {
      if (!file.endsWith('.wasm')) return readFile(file);
      asked = true;
      return new Promise<never>(() => {});
    };
    await using site = await open({ read });
    const page = await site.page(`learn/${TINY}`);
    await takePictures(page);
    await page.waitForSelector('#go:not(:disabled)');
    assert.ok(!asked, 'WebAssembly was asked for before anything needed it');
    await press(page, /^Start$/);
    await text(page, '#status', /Starting the engine/);
    await page.select('#settings [name=minutes]', '5'); // answers while it waits
    await press(page, /^Stop$/);
    await text(page, '#go', /^Start$/);
  });

  it('is cross-origin isolated on a host that sends no headers, and works without a connection', async () => {
    await using site = await open({ headers: () => ({}) });
    const first = await site.page('');
    await first.waitForFunction(() => crossOriginIsolated);
    await assertAccessible(first);
    await first.waitForFunction(
      async () => (await caches.match(`./app/ort-1.30.0/ort-wasm-simd-threaded.wasm`)) !== undefined,
      { polling: 200 },
    );
    await site.unplug();
    const page = await site.page(`learn/${TINY}&steps=2`);
    assert.ok(await page.evaluate(() => crossOriginIsolated));
    await press(page, /built-in scenes/);
    await press(page, /^Start$/);
    await text(page, '#status', /^Done\.$/);
    assert.match(await text(page, '#footing', /./), /[2-9] threads/);
  });

  describe('says what is wrong and what to do', () => {
    const start = async (page: Page) => {
      await press(page, /built-in scenes/);
      await press(page, /^Start$/);
    };
    const missing = (name: string) => (file: string) =>
      file.endsWith(name) ? Promise.reject(new Error('missing')) : readFile(file);
    const cases: readonly (readonly [string, SiteOptions, (page: Page) => Promise<void>, RegExp])[] = [
      [
        'of too few pictures',
        {},
        async (page) => {
          await drop(page, join(folder, 'three'));
          await press(page, /^Start$/);
        },
        /^3 pictures are too few to learn from\. Choose at least 8/,
      ],
      [
        'of files that are no pictures',
        {},
        (page) => drop(page, join(folder, 'pictures/<img src=x onerror=alert(1)>.png')),
        /none of its 1 images can be read.*Give JPEG, PNG/,
      ],
      [
        'of a folder with nothing in it',
        {},
        (page) => drop(page, join(folder, 'nothing')),
        /^No pictures were found\. Choose JPEG, PNG or WebP/,
      ],
      [
        'of workers that are blocked',
        { headers: () => ({ ...ISOLATED, 'Content-Security-Policy': "worker-src 'none'" }) },
        start,
        /background worker of this page could not run.*blocks web workers/,
      ],
      [
        'of storage that is refused',
        {
          before: () => {
            navigator.storage.getDirectory = () => Promise.reject(new DOMException('refused', 'SecurityError'));
          },
        },
        async (page) => {
          await press(page, /built-in scenes/);
          await text(page, '#alert', /did not let this page save/);
          const forget = await page.$eval('#source button.link', (button) => button.checkVisibility());
          assert.equal(forget, false, 'there is nothing to forget');
        },
        /did not let this page save its files\. The page keeps working/,
      ],
      ['of a camera that is refused', {}, (page) => press(page, /Use the camera/), /The camera was refused\. Allow it/],
      [
        'of a worker that does not start',
        { read: missing('trainer.worker.js') },
        start,
        /background worker of this page could not run.*trainer\.worker\.js/,
      ],
      [
        'of wasm that is a page',
        { read: async (file) => (file.endsWith('.wasm') ? '<!doctype html>' : readFile(file)) },
        start,
        /compute engine could not be started.*\.wasm/,
      ],
    ];
    for (const [what, options, act, message] of cases) {
      it(what, async () => {
        await using site = await open(options);
        const page = await site.page(`learn/${TINY}&steps=2`);
        await page.waitForSelector('#source button');
        await act(page);
        await text(page, '#alert', message);
        assert.ok(await page.$eval('#source button', (button) => button.checkVisibility()));
      });
    }

    it('and learns at an address without https, where browsers give no graphics card and keep no files', async () => {
      await using site = await open({ host: 'device.test' });
      const page = await site.page('learn/?width=4&images=8&patches=2&steps=2');
      assert.equal(await page.evaluate(() => isSecureContext), false);
      assert.match(await text(page, '#engine', /./), /processor.*offers no graphics card/);
      await start(page);
      await page.waitForFunction(() => document.querySelector('#status')!.textContent === 'Done.');
      assert.equal((await curve(page)).step, 2);
    });

    it('and continues to learn if the disk is full', async () => {
      await using site = await open();
      const page = await site.page(`learn/${TINY}&steps=2`);
      await page.waitForSelector('#source button');
      await site.fillDisk(page);
      await drop(page, join(folder, 'pictures'));
      await text(page, '#alert', /did not let this page save its files.*a full disk/);
      await press(page, /^Start$/);
      await press(page, /^Find similar pictures$/);
      await page.waitForSelector('.found li');
      await text(page, '#alert', /did not let this page save its files/); // not the training either
    });
  });
});
