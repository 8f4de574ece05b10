import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'puppeteer-core';
import sharp from 'sharp';
import { assertAccessible, DemoSite, drawPictures, drop, press, tabTo, text } from '../support/demo-site.ts';
import { openChromium, SWIFTSHADER } from '../support/visit.ts';

describe('the demo that finds by camera', () => {
  let browser: Browser;
  let folder: string;
  let pictures: string[];
  let many: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'bagssl-camera-'));
    pictures = await drawPictures(folder, 12);
    many = mkdtempSync(join(tmpdir(), 'bagssl-camera-'));
    await drawPictures(many, 402);
    browser = await openChromium(...SWIFTSHADER, '--use-fake-device-for-media-stream');
  });
  after(async () => {
    await browser?.close();
    for (const each of [folder, many]) rmSync(each, { recursive: true, force: true });
  });

  async function open(site: DemoSite): Promise<Page> {
    const page = await site.page('camera/?device=wasm');
    await page.waitForSelector('#source button');
    await drop(page, folder);
    await text(page, '#known', /^Finds 12 pictures\.$/);
    return page;
  }
  const frames = async (page: Page) => Number(await page.$eval('#frames', (one) => one.textContent));
  const tracks = (page: Page) => page.$eval('#video', (video) => (video as HTMLVideoElement).srcObject !== null);
  /** When the vectors of the pictures were kept; undefined where none are. */
  async function vectorsKept(): Promise<number | undefined> {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('bagssl-demo');
    const file = await folder.getFileHandle('vectors.safetensors').catch(() => undefined);
    return (await file?.getFile())?.lastModified;
  }
  const hide = (page: Page, state: 'hidden' | 'visible') =>
    page.evaluate((visibility) => {
      Object.defineProperty(document, 'visibilityState', { value: visibility, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, state);

  it('finds the picture that is held before it, rests while hidden, and lets go of it', async () => {
    await using site = await DemoSite.open(browser);
    const page = await open(site);
    const shown = 7;
    const { data, info } = await sharp(pictures[shown]).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
    await page.evaluate(
      (pixels, width, height) => {
        const [small, canvas] = [new OffscreenCanvas(width, height), document.createElement('canvas')];
        small.getContext('2d')!.putImageData(new ImageData(Uint8ClampedArray.from(pixels), width, height), 0, 0);
        [canvas.width, canvas.height] = [10 * width, 10 * height];
        const draw = () => canvas.getContext('2d')!.drawImage(small, 0, 0, canvas.width, canvas.height);
        draw();
        setInterval(draw, 50);
        navigator.mediaDevices.getUserMedia = async () => canvas.captureStream();
      },
      [...data],
      info.width,
      info.height,
    );
    await press(page, /^Start the camera$/);
    await text(page, '#frames', /^\d\d+$/);
    const items = await page.$$eval('#found li:not([hidden]) canvas', (all) => all.map((one) => one.ariaLabel!));
    assert.equal(items.length, 6);
    const names = await page.$eval('#told', (one) => one.textContent!);
    assert.match(items[0], new RegExp(`picture-${shown}\\.png$`));
    assert.match(names, /^Most similar: .*\.png, [01]\.\d\d\.$/);
    assert.ok(Number(await page.$eval('#found li span', (one) => one.textContent)) > 0.5);
    assert.ok(Number(await text(page, '#pace', /\d/)) > 0);
    await assertAccessible(page);

    await hide(page, 'hidden');
    assert.equal(await tracks(page), false);
    const rested = await frames(page);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.ok((await frames(page)) <= rested + 1);
    await hide(page, 'visible');
    await page.waitForFunction((n) => Number(document.querySelector('#frames')!.textContent) > n + 2, {}, rested);
    await press(page, /^Stop the camera$/);
    assert.equal(await tracks(page), false);
    assert.deepEqual(site.errors, []);
  });

  it('counts the frames of a camera, also without a connection', async () => {
    await using site = await DemoSite.open(browser);
    await site.allow('camera');
    const page = await open(site);
    // The engine is kept some seconds after the page has come to rest.
    await page.waitForFunction(async () => {
      const all = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
      return all.flat().some(({ url }) => url.endsWith('.wasm'));
    });
    await press(page, /^Start the camera$/);
    await text(page, '#frames', /^\d\d+$/);
    const embedded = await page.waitForFunction(vectorsKept);
    await site.unplug();
    await page.reload();
    await text(page, '#known', /^Finds 12 pictures\.$/);
    await press(page, /^Start the camera$/);
    await text(page, '#frames', /^\d\d+$/);
    assert.equal(await page.evaluate(vectorsKept), await embedded.jsonValue(), 'embedded again');
    await press(page, /^Use built-in scenes$/);
    await text(page, '#known', /^Finds the first 400 pictures\.$/);
    await page.waitForFunction(`(${vectorsKept})().then((at) => at > ${await embedded.jsonValue()})`);
  });

  it('reads no more of a large folder than it uses, and says so', async () => {
    await using site = await DemoSite.open(browser);
    const page = await site.page('camera/?device=wasm');
    await page.waitForSelector('#source button');
    await drop(page, many);
    await text(page, '.refused', /^2 more files left out: this page reads at most 400 files\.$/);
    await page.waitForSelector('#source button.link:not([hidden])');
    assert.deepEqual(site.errors, []);
  });

  it('lets go of the camera, however often its button was pressed before it came', async () => {
    await using site = await DemoSite.open(browser);
    await site.allow('camera');
    const page = await open(site);
    await page.evaluate(() => {
      const { mediaDevices } = navigator;
      const ask = mediaDevices.getUserMedia.bind(mediaDevices);
      const all: MediaStreamTrack[] = [];
      Object.assign(globalThis, { cameraTracks: all });
      mediaDevices.getUserMedia = async (wanted) => {
        await new Promise((resolve) => setTimeout(resolve, 500));
        const stream = await ask(wanted);
        all.push(...stream.getTracks());
        return stream;
      };
      for (let i = 0; i < 3; i++) document.querySelector<HTMLButtonElement>('#go')!.click(); // start, no, start
    });
    await text(page, '#frames', /^[1-9]/);
    await press(page, /^Stop the camera$/);
    const states = await page.evaluate(() =>
      (globalThis as unknown as { cameraTracks: MediaStreamTrack[] }).cameraTracks.map(({ readyState }) => readyState),
    );
    assert.ok(states.length > 0);
    assert.ok(
      states.every((state) => state === 'ended'),
      states.join(),
    );
    assert.deepEqual(site.errors, []);
  });

  it('says what to do about a camera that is refused, missing, in use or unplugged, and can be tried again', async () => {
    await using site = await DemoSite.open(browser);
    const page = await open(site);
    await press(page, /^Start the camera$/);
    await text(page, '#alert', /The camera was refused\. Allow it/);
    for (const [why, said] of [
      ['NotFoundError', /There is no camera here\. Connect one/],
      ['NotReadableError', /does not start\. Another program may be using it/],
    ] as const) {
      await page.evaluate((name) => {
        MediaDevices.prototype.getUserMedia = () => Promise.reject(new DOMException('as a test has it', name));
      }, why);
      await press(page, /^Start the camera$/);
      await text(page, '#alert', said);
    }
    await page.evaluate(() =>
      Object.defineProperty(navigator, 'mediaDevices', { value: undefined, configurable: true }),
    );
    await press(page, /^Start the camera$/);
    await text(page, '#alert', /cannot ask for the camera\. .*begins with https:/); // as on a page by http

    await site.allow('camera');
    await page.reload();
    await text(page, '#known', /^Finds 12 pictures\.$/);
    const unplug = (where: string) =>
      page.$eval(where, (video) => {
        const [track] = ((video as HTMLVideoElement).srcObject as MediaStream).getTracks();
        track.dispatchEvent(new Event('ended'));
      });
    await press(page, /^Start the camera$/);
    await text(page, '#frames', /^[1-9]/);
    await unplug('#video');
    await text(page, '#alert', /The camera stopped\. If it was unplugged/);
    assert.equal(await tracks(page), false);
    await tabTo(page, '#go');
    await page.keyboard.press('Enter');
    await text(page, '#frames', new RegExp(`^(?!${await frames(page)}$)`));
    assert.equal(await page.$eval('#alert', (alert) => alert.textContent), '');
    await page.keyboard.press('Enter');
    await text(page, '#go', /^Start the camera$/);

    // Stills that were taken before it was unplugged are kept.
    await press(page, /^Use the camera$/);
    await press(page, /^Take a picture$/);
    await text(page, '.stills p', /^1 picture taken/);
    await unplug('.stills video');
    await text(page, '#alert', /The camera stopped\./);
    await page.waitForFunction(() => document.querySelector('#known')!.textContent === 'Finds 1 picture.');
    await press(page, /^Use the camera$/);
    await page.waitForSelector('.stills video');
    assert.deepEqual(site.errors, []);
  });
});
