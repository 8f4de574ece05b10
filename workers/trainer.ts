// The trainer: Comlink on one side, a training on the other. Runs in browsers, Deno and Node.
import { type Endpoint, expose, transfer, wrap } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { nodeThreads } from '../src/threads/node-threads.ts';
import { remoteTrainer, type TrainerOwner } from '../src/training/remote-trainer.ts';

// A worker in Deno has the origin "null", which ONNX Runtime would take for the base of its URLs.
if ('Deno' in globalThis) Reflect.deleteProperty(globalThis, 'location');
const port = nodeThreads()?.parentPort;
const owner = (channel: MessagePort) => wrap<TrainerOwner>(channel as Endpoint);
expose(remoteTrainer(owner, transfer), port ? nodeEndpoint(port) : undefined);
