import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import type { Order, Reply } from './candidate.ts';

export type Platform = 'node' | 'deno' | 'chromium';

/** Where scripts/bench.mjs puts worker.ts, bundled. */
const WORKER = { node: 'build/bench/engines/worker.js', page: '/build/bench/page/worker.js' };
const MINUTES = 4;
/** A waiting request is answered after this time, before the other side gives up. */
const PATIENCE = 20_000;

type Ready = NonNullable<Reply['ready']>;
type Turn = NonNullable<Reply['turn']>;

/** One process that measures one engine and is idle between its turns. */
export class EngineProcess {
  #child: ChildProcess | undefined;
  #profile: string | undefined;
  #ordered = false;
  #wanted = 0;
  #waiting: ((steps: number) => void) | undefined;
  #settle: { resolve: (reply: Reply) => void; reject: (error: Error) => void } | undefined;

  constructor(
    readonly platform: Platform,
    readonly order: Order,
    readonly address: string,
  ) {}

  /** Starts the process; resolves when its engine is ready to train. */
  async start(chromium: string | undefined): Promise<Ready> {
    const answer = this.#expect();
    const [program, args, env] = this.#command(chromium);
    const child = spawn(program, args, {
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...env },
    });
    this.#child = child;
    let said = '';
    child.stderr!.on('data', (text) => {
      said = `${said}${text}`.slice(-2000);
    });
    child.on('error', (error) => this.#settle?.reject(error));
    child.on('exit', (code) =>
      this.#settle?.reject(new Error(`ended with ${code}: ${said.trim().split('\n').at(-1)}`)),
    );
    return (await answer).ready!;
  }

  /** Makes it train this many steps. */
  async turn(steps: number): Promise<Turn> {
    const answer = this.#expect();
    this.#wanted = steps;
    this.#flush();
    return (await answer).turn!;
  }

  /** Takes what the process reports; answers with its next task when there is one. */
  heard(reply: Reply, response: ServerResponse): void {
    const answer = (value: object) => response.setHeader('Content-Type', 'application/json').end(JSON.stringify(value));
    if (!this.#ordered) {
      this.#ordered = true;
      answer(this.order);
      return;
    }
    const patience = setTimeout(() => this.#waiting?.(0), PATIENCE);
    this.#waiting = (steps) => {
      clearTimeout(patience);
      this.#waiting = undefined;
      answer({ steps });
    };
    if (reply.error) this.#settle?.reject(new Error(reply.error));
    else if (reply.ready || reply.turn) this.#settle?.resolve(reply);
    this.#flush();
  }

  stop(): void {
    this.#child?.removeAllListeners('exit');
    this.#waiting?.(0);
    try {
      // Browsers and Deno's launcher start child processes, so end the whole process group.
      if (this.#child?.pid) process.kill(-this.#child.pid, 'SIGKILL');
    } catch {
      this.#child?.kill('SIGKILL');
    }
    try {
      if (this.#profile) rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
    } catch {
      // A dying browser may still write; leave that in the temporary folder.
    }
  }

  #flush(): void {
    if (this.#wanted === 0 || !this.#waiting) return;
    const steps = this.#wanted;
    this.#wanted = 0;
    this.#waiting(steps);
  }

  #expect(): Promise<Reply> {
    return new Promise<Reply>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`no answer in ${MINUTES} minutes`)), MINUTES * 60_000);
      const once =
        <T>(settle: (value: T) => void) =>
        (value: T) => {
          clearTimeout(late);
          this.#settle = undefined;
          settle(value);
        };
      this.#settle = { resolve: once(resolve), reject: once(reject) };
    });
  }

  #command(chromium: string | undefined): [string, string[], Record<string, string>] {
    if (this.platform === 'node') return [process.execPath, [WORKER.node, this.address], {}];
    if (this.platform === 'deno') {
      const deno = join(createRequire(import.meta.url).resolve('deno/package.json'), '../bin.cjs');
      const env = { DENO_NO_UPDATE_CHECK: '1', XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR ?? tmpdir() };
      return [process.execPath, [deno, 'run', '--allow-all', '--no-lock', WORKER.node, this.address], env];
    }
    if (!chromium) throw new Error('no Chromium here');
    this.#profile = mkdtempSync(join(tmpdir(), 'bagssl-bench-'));
    const flags = [
      '--headless=new',
      '--no-sandbox',
      '--enable-unsafe-webgpu',
      '--use-webgpu-adapter=swiftshader',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      `--user-data-dir=${this.#profile}`,
    ];
    return [chromium, [...flags, this.address], {}];
  }
}

const TYPES: Record<string, string> = {
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

/** What a page needs to find ONNX Runtime, which loads its WebAssembly from the folder of its module. */
const PAGE = `<!doctype html><script type="importmap">${JSON.stringify({
  imports: Object.fromEntries(
    ['wasm', 'webgpu', 'jspi'].map((name) => [
      `onnxruntime-web/${name}`,
      `/node_modules/onnxruntime-web/dist/ort.${name}.min.mjs`,
    ]),
  ),
})}</script><script type="module" src="${WORKER.page}"></script>`;

/** Serves pages and tasks to engine processes, on this machine only. */
export async function engineServer() {
  const processes: EngineProcess[] = [];
  const server = createServer(async (request, response) => {
    const place = new URL(request.url!, 'http://localhost').pathname;
    const found = processes[Number(place.slice(1) || Number.NaN)];
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    if (request.method === 'POST') {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      found?.heard(JSON.parse(Buffer.concat(chunks).toString()), response);
    } else if (found) {
      response.setHeader('Content-Type', 'text/html').end(PAGE);
    } else {
      try {
        const bytes = readFileSync(normalize(`.${place}`));
        response.setHeader('Content-Type', TYPES[extname(place)] ?? 'application/octet-stream').end(bytes);
      } catch {
        response.writeHead(404).end();
      }
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    open(platform: Platform, order: Order): EngineProcess {
      const made = new EngineProcess(platform, order, `http://127.0.0.1:${port}/${processes.length}`);
      processes.push(made);
      return made;
    },
    close: () => server.closeAllConnections(),
  };
}
