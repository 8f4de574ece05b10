// npm run test:package: packs bagssl, and builds and runs every project of examples/ with it (test/package/).
import { fileURLToPath } from 'node:url';
import { install } from './lib/install.mjs';
import { node } from './lib/run.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

await install(here('../examples'));
const { status } = await node([here('test.mjs'), '--only', 'node', 'package'], {
  minutes: 25,
  env: { BAGSSL_PACKAGE: 'all' },
});
process.exit(status);
