import { program } from '../shared/program.js';

console.log(JSON.stringify(await program()));
