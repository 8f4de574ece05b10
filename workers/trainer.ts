// The trainer: Comlink on one side, a training on the other. Starts in browsers, Deno and Node alike.
import { type Endpoint, expose, transfer, wrap } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { nodeThreads } from '../src/threads/node-threads.ts';
import { type OwnerFace, trainerFace } from '../src/training/trainer-face.ts';

// A worker of Deno lies at an origin "null", which ONNX Runtime would take for the base of its URLs.
if ('Deno' in globalThis) Reflect.deleteProperty(globalThis, 'location');
const port = nodeThreads()?.parentPort;
const owner = (channel: MessagePort) => wrap<OwnerFace>(channel as Endpoint);
expose(trainerFace(owner, transfer), port ? nodeEndpoint(port) : undefined);
