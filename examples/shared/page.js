import { program } from './program.js';

const place = document.querySelector('#result');
try {
  place.textContent = JSON.stringify(await program());
} catch (error) {
  place.textContent = `${error.code ?? error.name}: ${error.message}`;
}
