import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'puppeteer-core';
import { assertAccessible, DemoSite, drawPictures, drop, press, tabTo, text } from '../support/demo-site.ts';
import { ownEncoders, ownModel } from '../support/own-encoders.ts';
import { openChromium } from '../support/visit.ts';

describe('the demo that finds similar pictures', () => {
  let browser: Browser;
  let folder: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'bagssl-find-'));
    await drawPictures(join(folder, 'many'), 12);
    copyFileSync(join(folder, 'many', 'picture-3.png'), join(folder, 'many', 'copy.png'));
    await drawPictures(join(folder, 'few'), 3);
    writeFileSync(join(folder, 'broken.onnx'), 'no network');
    const net = ownEncoders.find(({ file }) => file === 'plain-opset13')!;
    writeFileSync(join(folder, 'net.onnx'), ownModel(net));
    browser = await openChromium();
  });
  after(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const names = (page: Page, selector: string): Promise<string[]> =>
    page.$$eval(selector, (all) => all.map((one) => one.ariaLabel ?? one.textContent!));
  const answered = (page: Page, name: string) =>
    page.waitForFunction(
      (asked) =>
        document.querySelector('.asked figcaption')?.textContent === asked &&
        document.querySelectorAll('.answer .shade').length === 8,
      { polling: 50 },
      name,
    );

  it('indexes, answers, lights places up, and shows copies, with any encoder', async () => {
    await using site = await DemoSite.open(browser);
    const page = await site.page('?device=wasm');
    await text(page, '#status', /^60 pictures indexed/); // scenes, before anything is chosen
    await answered(page, 'picture 1');
    await assertAccessible(page);
    const sides = await page.$$eval('#grid canvas', (all) => all.map((one) => (one as HTMLCanvasElement).width));
    assert.equal(sides.length, 60);
    assert.ok(Math.max(...sides) <= 96, 'no larger than they are shown');

    await page.setViewport({ width: 1280, height: 800 });
    await drop(page, join(folder, 'many'));
    await text(page, '#status', /^13 pictures indexed/);
    const all = await names(page, '#grid button');
    assert.equal(all.length, 13, 'every picture can be asked');
    const third = all.findIndex((name) => /picture-3\.png$/.test(name));
    await tabTo(page, `#grid li:nth-child(${third + 1}) button`, 100);
    await page.keyboard.press('Enter');
    await answered(page, 'picture-3.png');
    const [first] = await names(page, '.answer .found button');
    assert.match(first, /^Ask many\/copy\.png$/, 'its copy comes first');
    assert.equal(await page.$eval('.answer .found span', (span) => span.textContent), '1.00');
    const shades = await page.$$eval('.shade', (canvases) =>
      canvases.map((canvas) => {
        const { width, height } = canvas as HTMLCanvasElement;
        const { data } = (canvas as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, width, height);
        return Array.from({ length: width * height }, (_, i) => data[4 * i + 3]);
      }),
    );
    assert.ok(shades.every((shade) => shade.length === 64 && Math.min(...shade) === 0));
    assert.ok(Math.max(...shades[0]) < 30, 'a copy is lit everywhere');
    assert.ok(
      shades.some((shade) => Math.max(...shade) > 100),
      'others are not',
    );

    await tabTo(page, '.answer button');
    await page.keyboard.press('Enter');
    await answered(page, 'copy.png');
    assert.ok(await page.evaluate(() => document.activeElement!.matches('#answer')), 'the focus stays at the answer');

    await press(page, /^Duplicates$/);
    await text(page, '#groups', /^Group 1: \d+ pictures/);
    const group = await names(page, '#groups ul:first-of-type canvas');
    assert.ok(
      ['copy', 'picture-3'].every((name) => group.includes(`many/${name}.png`)),
      `${group}`,
    );

    await press(page, /^Learn from these pictures$/);
    await text(page, '#alert', /13 images are too few to learn from; at least 40 are needed/);

    await drop(page, join(folder, 'net.onnx'));
    await page.waitForFunction(() => document.querySelectorAll('#grid button').length < 13, { polling: 10 });
    await text(page, '#status', /^13 pictures indexed/);
    assert.equal(
      await page.$eval('#encoder', (select) => (select as HTMLSelectElement).selectedOptions[0].text),
      'net.onnx',
    );
    await answered(page, all[0].split('/').at(-1)!);

    await drop(page, join(folder, 'broken.onnx'));
    await text(page, '#alert', /This encoder does not open: .*The one before it is used again/);
    await page.waitForFunction(() => document.querySelector('#status')!.textContent!.startsWith('13 pictures indexed'));
    assert.equal(
      await page.$eval('#encoder', (select) => (select as HTMLSelectElement).selectedOptions[0].text),
      'net.onnx',
      'the last that opened',
    );
    assert.deepEqual(site.errors, []);
  });

  it('keeps what was pressed while it indexes, and learns from all pictures or none', async () => {
    await using site = await DemoSite.open(browser);
    const page = await site.page('?device=wasm');
    await press(page, /^Duplicates$/);
    await text(page, '#groups', /^Shown after all pictures are indexed\.$/);
    assert.equal(await page.$eval('#learn', (button) => (button as HTMLButtonElement).disabled), true);
    await text(page, '#groups', /^(Group 1|No near duplicates)/);
    assert.equal(await page.$eval('#duplicates', (button) => button.ariaPressed), 'true');
    await page.waitForSelector('#learn:not(:disabled)');
    assert.deepEqual(site.errors, []);
  });

  it('shows and keeps the last of two drops, though the first takes longer', async () => {
    await using site = await DemoSite.open(browser);
    const page = await site.page('?device=wasm');
    await page.waitForSelector('#source button');
    await drop(page, join(folder, 'many'));
    await drop(page, join(folder, 'few'));
    await text(page, '#status', /^3 pictures indexed/);
    await page.waitForSelector('#source button.link:not([hidden])');
    assert.equal((await names(page, '#grid button')).length, 3);
    await page.reload();
    await text(page, '#status', /^3 pictures indexed/);
    assert.ok((await names(page, '#grid button')).every((name) => name.startsWith('few/')));
    assert.deepEqual(site.errors, []);
  });
});
