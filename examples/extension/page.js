import { program } from '../shared/program.js';

const place = document.querySelector('#result');
try {
  const worker = await chrome.runtime.sendMessage('figures');
  if (worker.error) throw new Error(`service worker: ${worker.error}`);
  place.textContent = JSON.stringify({ ...(await program()), worker });
} catch (error) {
  place.textContent = `${error.code ?? error.name}: ${error.message}`;
}
