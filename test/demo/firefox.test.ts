import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import puppeteer, { type Browser } from 'puppeteer-core';
import { DemoSite, press, text } from '../support/demo-site.ts';

const FIREFOX = process.env.FIREFOX_PATH ?? '/usr/bin/firefox';

describe('in Firefox', { skip: existsSync(FIREFOX) ? false : `no ${FIREFOX}; FIREFOX_PATH may name another` }, () => {
  let browser: Browser;
  before(async () => {
    browser = await puppeteer.launch({
      browser: 'firefox',
      executablePath: FIREFOX,
      extraPrefsFirefox: { 'media.navigator.streams.fake': true, 'media.navigator.permission.disabled': true },
    });
  });
  after(() => browser?.close());

  it('the demos learn, pause, resume after a reload, light up where patches are similar, and find by camera', async () => {
    await using site = await DemoSite.open(browser);
    const page = await site.page('learn/?device=wasm&width=4&images=12&patches=4&steps=2000');
    assert.ok(await page.evaluate(() => crossOriginIsolated));
    await page.waitForSelector('#source button');
    await press(page, /^Use built-in scenes$/);
    await press(page, /^Start$/);
    await text(page, '#step', /^\d\d+$/);
    await press(page, /^Pause$/);
    const said = await text(page, '#go', /^Resume at step \d+$/);
    await page.reload();
    await text(page, '#go', new RegExp(`^${said}$`));

    await page.goto(page.url().replace(/learn.*/, 'look/'));
    await text(page, '#told', /By embedding: \d+ % of this picture is similar/);

    await page.goto(page.url().replace('look', 'camera'));
    await text(page, '#status', /^Ready\.$/);
    await press(page, /^Start the camera$/);
    await text(page, '#frames', /[1-9]/);
    assert.deepEqual(site.errors, []);
  });
});
