import puppeteer, { type Browser } from 'puppeteer-core';
import { ensureChromium, QUICK_SHADERS } from '../../scripts/lib/chromium.mjs';
import { LATE_TIERING } from '../../scripts/lib/v8-flags.mjs';

/** How long to wait for what a page should show, on however busy a machine: less than the runner waits for a test. */
export const WAIT_MS = 300_000;

/** What gives Chromium WebGPU where there is no GPU. */
export const SWIFTSHADER = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'] as const;

/** A Chromium for pages that tests serve themselves. */
export async function openChromium(...more: readonly string[]): Promise<Browser> {
  return puppeteer.launch({
    executablePath: await ensureChromium(),
    args: [
      '--no-sandbox',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--js-flags=${LATE_TIERING}`,
      QUICK_SHADERS,
      ...more,
    ],
  });
}

export interface Visit {
  /** What the page wrote into #result. */
  readonly result: string;
  /** What its console got, and errors nobody caught. */
  readonly console: readonly string[];
}

/** Opens a page and waits for its result. */
export async function visit(browser: Browser, url: string): Promise<Visit> {
  const page = await browser.newPage();
  const lines: string[] = [];
  page.on('console', (message) => lines.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => lines.push(`uncaught: ${(error as Error).message ?? error}`));
  page.on('requestfailed', (request) => lines.push(`failed: ${request.url()} ${request.failure()?.errorText}`));
  try {
    await page.goto(url);
    const text = () => document.querySelector('#result')?.textContent;
    await page.waitForFunction(text, { timeout: WAIT_MS, polling: 100 });
    return { result: (await page.evaluate(text))!, console: lines };
  } catch (cause) {
    throw new Error(`${url} gave no result. Its console: ${lines.join('; ') || 'nothing'}`, { cause });
  } finally {
    await page.close();
  }
}
