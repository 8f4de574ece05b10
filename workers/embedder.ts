// The embedder: Comlink on one side, an encoder on the other. Runs in browsers, Deno and Node.
import { type Endpoint, expose, transfer, wrap } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { remoteBags } from '../src/bag/remote-bags.ts';
import { nodeThreads } from '../src/threads/node-threads.ts';

// A worker in Deno has the origin "null", which ONNX Runtime would take for the base of its URLs.
if ('Deno' in globalThis) Reflect.deleteProperty(globalThis, 'location');
const port = nodeThreads()?.parentPort;
expose(
  remoteBags((channel) => wrap(channel as Endpoint), transfer),
  port ? nodeEndpoint(port) : undefined,
);
