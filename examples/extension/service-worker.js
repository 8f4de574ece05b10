import { program } from '../shared/program.js';

// A service worker cannot start workers, nor import when it is running.
const options = { background: false, workers: 0 };

chrome.runtime.onMessage.addListener((_message, _sender, answer) => {
  program(options).then(answer, (error) => answer({ error: `${error.code ?? error.name}: ${error.message}` }));
  return true; // it is answered later
});
