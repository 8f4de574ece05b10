// The decoder: Comlink on one side, the decoders of the platform on the other. Runs in browsers, Deno and Node.
import { expose, transfer } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { remoteDecoder } from '../src/data/remote-decoder.ts';
import { serverDecoder } from '../src/data/server-decoders.ts';
import { nodeThreads } from '../src/threads/node-threads.ts';

const port = nodeThreads()?.parentPort;
const onServer = port || 'Deno' in globalThis;
expose(remoteDecoder(onServer ? serverDecoder : undefined, transfer), port ? nodeEndpoint(port) : undefined);
