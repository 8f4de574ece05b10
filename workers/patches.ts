// The patch worker: Comlink on one side, the kernels on the other. Runs in browsers, Deno and Node.
import { expose, transfer } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { patchCutter } from '../src/patches/cutter.ts';
import { nodeThreads } from '../src/threads/node-threads.ts';

const port = nodeThreads()?.parentPort;
expose(patchCutter(transfer), port ? nodeEndpoint(port) : undefined);
