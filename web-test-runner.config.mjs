// Runs the bundled tests of build/test/browser/ (see scripts/test.mjs) in Chromium, with WebGPU on SwiftShader, which
// needs no GPU, and cross-origin isolated, so that ONNX Runtime may use threads. With FIREFOX_PATH they run in that Firefox,
// with WebGPU on the Vulkan driver there is (Debian: mesa-vulkan-drivers).
import { appendFileSync } from 'node:fs';
import { chromeLauncher } from '@web/test-runner-chrome';
import { browserReporter } from './scripts/lib/browser-reporter.mjs';
import { ensureChromium, QUICK_SHADERS } from './scripts/lib/chromium.mjs';
import { LATE_TIERING } from './scripts/lib/v8-flags.mjs';

const minutes = (count) => count * 60_000;
const RESULTS = 'build/test/browser.jsonl';
const FIREFOX = process.env.FIREFOX_PATH;

const chromium = {
  executablePath: await ensureChromium(),
  args: [
    '--no-sandbox',
    '--enable-unsafe-webgpu',
    '--use-webgpu-adapter=swiftshader',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    `--js-flags=${LATE_TIERING}`,
    QUICK_SHADERS,
  ],
};
const firefox = {
  browser: 'firefox',
  executablePath: FIREFOX,
  extraPrefsFirefox: {
    'dom.webgpu.enabled': true,
    'dom.webgpu.workers.enabled': true,
    'gfx.webgpu.ignore-blocklist': true,
  },
};

export default {
  files: 'build/test/browser/*.test.js',
  nodeResolve: true,
  concurrency: 1,
  staticLogging: true,
  browsers: [
    chromeLauncher({
      launchOptions: { protocolTimeout: minutes(60), ...(FIREFOX ? firefox : chromium) },
    }),
  ],
  middleware: [
    async function noteProgress(context, next) {
      if (context.path !== '/test-progress') return next();
      const chunks = await context.req.toArray();
      appendFileSync(RESULTS, `${Buffer.concat(chunks)}\n`);
      context.status = 204;
    },
    async function isolate(context, next) {
      await next();
      context.set('Cross-Origin-Opener-Policy', 'same-origin');
      context.set('Cross-Origin-Embedder-Policy', 'require-corp');
      context.set('Cross-Origin-Resource-Policy', 'same-origin');
    },
  ],
  browserStartTimeout: minutes(2),
  testsStartTimeout: minutes(2),
  testsFinishTimeout: minutes(60), // each test has its own limit, and scripts/test.mjs stops a run without progress
  testFramework: { config: { timeout: minutes(5) } },
  reporters: [browserReporter(RESULTS)],
};
