import { program } from './program.js';

const place = document.querySelector('#result');
const options = JSON.parse(place.dataset.options ?? '{}'); // for example {"wasmUrl": "/ort/"}
try {
  place.textContent = JSON.stringify(await program(options));
} catch (error) {
  place.textContent = `${error.code ?? error.name}: ${error.message}`;
}
