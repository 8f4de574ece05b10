import { lostDevices } from '../support/lost-devices.ts';

await lostDevices('in Deno');
