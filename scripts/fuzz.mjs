// npm run test:fuzz -- [INPUTS] [SEED]: tries a million damaged files on all readers (test/hostile/), or as many as it is told.
import { fileURLToPath } from 'node:url';
import { node } from './lib/run.mjs';

const [inputs = '1000000', seed = '1'] = process.argv.slice(2);
const { status } = await node([fileURLToPath(new URL('test.mjs', import.meta.url)), '--only', 'node', 'hostile'], {
  minutes: 60,
  env: { BAGSSL_FUZZ: inputs, BAGSSL_FUZZ_SEED: seed },
});
process.exit(status);
