import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { AxeResults } from 'axe-core';
import type { Browser, BrowserContext, Page, Permission } from 'puppeteer-core';
import sharp from 'sharp';
import { ISOLATED, type StaticServer, serve } from './static-server.ts';
import { WAIT_MS } from './visit.ts';

export interface SiteOptions {
  readonly headers?: (path: string) => Readonly<Record<string, string>>;
  /** Gives a file's bytes, or throws where it is to be missing. */
  readonly read?: (file: string) => Promise<string | Uint8Array>;
  /** Runs in every page before its own scripts. */
  readonly before?: () => void;
  /** The name by which pages call the server, where the browser knows it; default the machine's own address, which browsers trust. */
  readonly host?: string;
}

/** build/demo/ on a server and in a browser context of its own, so that nothing kept by another test is there. */
export class DemoSite implements AsyncDisposable {
  /** Errors of the console and those nobody caught. */
  readonly errors: string[] = [];

  private constructor(
    private readonly server: StaticServer,
    readonly context: BrowserContext,
    private readonly options: SiteOptions,
  ) {}

  static async open(browser: Browser, options: SiteOptions = {}): Promise<DemoSite> {
    const { headers = () => ISOLATED, read = readFile } = options;
    const site = new DemoSite(await serve('build/demo', headers, read), await browser.createBrowserContext(), options);
    await site.allow();
    return site;
  }

  private get origin(): string {
    const { host = '127.0.0.1' } = this.options;
    return this.server.origin.replace('127.0.0.1', host);
  }

  /** A page at a path such as `learn/?device=wasm`. */
  async page(path: string): Promise<Page> {
    const page = await this.context.newPage();
    page.setDefaultTimeout(WAIT_MS);
    page.on('console', (message) => message.type() === 'error' && this.errors.push(message.text().slice(0, 300)));
    page.on('pageerror', (error) => this.errors.push(`uncaught: ${(error as Error).message ?? error}`));
    if (this.options.before) await page.evaluateOnNewDocument(this.options.before);
    await page.goto(`${this.origin}/${path}`);
    return page;
  }

  /** Grants what the browser would ask the user for; without it everything is refused. */
  async allow(...permissions: readonly Permission[]): Promise<void> {
    await this.context.overridePermissions(this.origin, [...permissions]);
  }

  /** From now on there is no room for what pages keep. */
  async fillDisk(page: Page): Promise<void> {
    const session = await page.createCDPSession();
    await session.send('Storage.overrideQuotaForOrigin', { origin: this.origin, quotaSize: 1 });
  }

  /** From now on the network gives nothing. */
  async unplug(): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.context.close();
    await this.server[Symbol.asyncDispose]();
  }
}

/** Waits until the text of an element matches, and gives it; a complaint of the page ends the wait. */
export async function text(page: Page, selector: string, pattern: RegExp): Promise<string> {
  const found = await page.waitForFunction(
    (where, source, flags) => {
      const said = document.querySelector(where)?.textContent ?? '';
      if (new RegExp(source, flags).test(said)) return { said };
      const alarm = document.querySelector('#alert')?.textContent;
      return where !== '#alert' && alarm ? { alarm } : undefined;
    },
    { polling: 50 },
    selector,
    pattern.source,
    pattern.flags,
  );
  const { said, alarm } = (await found.jsonValue()) as { said?: string; alarm?: string };
  if (said === undefined) assert.fail(`the page complains: ${alarm}`);
  return said;
}

/** Presses the button that has this text. */
export async function press(page: Page, label: RegExp): Promise<void> {
  const find = (source: string) =>
    [...document.querySelectorAll<HTMLButtonElement>('button:not(:disabled), a.button')].find(
      (button) => new RegExp(source).test(button.textContent!) && button.checkVisibility(),
    );
  const button = await page.waitForFunction(find, { polling: 50 }, label.source);
  await (button.asElement() as import('puppeteer-core').ElementHandle<HTMLButtonElement>).evaluate((it) => it.click());
}

/** Goes by the Tab key to what a selector names, as who has no pointer does. */
export async function tabTo(page: Page, selector: string, most = 60): Promise<void> {
  for (let tries = 0; tries < most; tries++) {
    await page.keyboard.press('Tab');
    if (await page.evaluate((where) => document.activeElement?.matches(where), selector)) return;
  }
  assert.fail(`the Tab key does not come to ${selector}`);
}

/** Drops files and folders, as a hand does. */
export async function drop(page: Page, ...paths: readonly string[]): Promise<void> {
  const session = await page.createCDPSession();
  const data = { items: [], files: [...paths], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, x: 200, y: 200, data });
  }
  await session.detach();
}

/** Takes the graphics card away from all pages, as a driver that crashes does; the browser opens it again. */
export async function loseGraphicsCard(browser: Browser): Promise<void> {
  const session = await browser.target().createCDPSession();
  await session.send('Browser.crashGpuProcess');
  await session.detach();
}

/** Writes so many pictures of 48×40, stripes and blobs of each its own colours, as PNG, and gives their paths. */
export async function drawPictures(folder: string, count: number): Promise<string[]> {
  const [width, height] = [48, 40];
  mkdirSync(folder, { recursive: true });
  const paths = Array.from({ length: count }, (_, i) => join(folder, `picture-${i}.png`));
  for (const [i, path] of paths.entries()) {
    const data = new Uint8Array(3 * width * height);
    for (let p = 0; p < width * height; p++) {
      const [x, y] = [p % width, Math.floor(p / width)];
      const on = Math.sin((x * (1 + (i % 5)) + y * (i % 3)) / 3) > 0;
      for (let c = 0; c < 3; c++) data[3 * p + c] = (on ? 40 * c + 17 * i : 220 - 31 * i * (c + 1)) & 255;
    }
    writeFileSync(
      path,
      await sharp(data, { raw: { width, height, channels: 3 } })
        .png()
        .toBuffer(),
    );
  }
  return paths;
}

const AXE = join(dirname(createRequire(join(process.cwd(), 'package.json')).resolve('axe-core')), 'axe.min.js');

/** Fails where axe-core finds a serious or critical violation, in light and in dark, or a phone would have to scroll sideways. */
export async function assertAccessible(page: Page): Promise<void> {
  await page.evaluate(readFileSync(AXE, 'utf8'));
  for (const [value, width] of [
    ['dark', 390],
    ['light', 800],
  ] as const) {
    await page.setViewport({ width, height: 800 });
    await page.waitForFunction(() => document.documentElement.scrollWidth <= innerWidth);
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value }]);
    const { violations } = (await page.evaluate('axe.run()')) as AxeResults;
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    const found = serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' ')}`);
    assert.deepEqual(found, [], `${page.url()} in ${value}`);
  }
}
