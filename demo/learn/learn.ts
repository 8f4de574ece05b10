import type { Fit, Step } from 'bagssl';
import type { Footing, HistoryEntry } from 'bagssl/train';
import { breath } from '../common/breath.ts';
import { find, make } from '../common/dom.ts';
import { pictureCanvas } from '../common/draw.ts';
import { chooseEngine } from '../common/engine.ts';
import { Trouble } from '../common/explain.ts';
import { keepEncoder, patchEncoder } from '../common/kept-encoder.ts';
import type { Pictures } from '../common/kept-pictures.ts';
import { startPage } from '../common/page.ts';
import { pictureSource } from '../common/picture-source.ts';
import { attempt, calm, complain, count, say } from '../common/say.ts';
import { Chart } from './chart.ts';
import { showExports } from './exports.ts';
import { showNeighbours } from './neighbours.ts';
import { PatchSheet } from './patch-sheet.ts';
import { Session } from './session.ts';
import { LEAST_PICTURES, type Settings, settings, showAskedDevice } from './settings.ts';

/** Milliseconds between updates of the figures, and of the patches shown. */
const FIGURES_MS = 250;
const SHEET_MS = 4000;
/** How many of the chosen pictures are shown. */
const STRIP = 24;

const form = find<HTMLFormElement>('#settings');
const go = find<HTMLButtonElement>('#go');
const stop = find<HTMLButtonElement>('#stop');
const startOver = find<HTMLButtonElement>('#start-over');
const result = find('#result');
const alike = find<HTMLButtonElement>('#compare');
const lossChart = new Chart(find('#loss-chart'), { label: 'Loss', colour: '--accent' });
const spreadChart = new Chart(find('#spread-chart'), { label: 'Spread', colour: '--second', range: [0, 1.1] });
const sheet = new PatchSheet(find('#sheet'));
const session = new Session();
let pictures: Pictures | undefined;
let training = false;
/** The saved training has been looked for; before that, a start would replace it. */
let ready = false;
/** The pictures differ from those of the paused training. */
let changed = false;

void startPage();
showAskedDevice(form);
showExports(find('#exports'), () => session.checkpoint!);
pictureSource(find('#source'), take);
void attempt(async () => {
  try {
    await session.open();
    showHistory(session.checkpoint?.history ?? []);
  } finally {
    ready = true;
    show();
  }
});
go.onclick = () => (training ? session.rest() : void train(changed || !session.unfinished));
// These two buttons disappear when pressed, so the keyboard focus must move first.
startOver.onclick = () => {
  go.focus();
  void train(true);
};
stop.onclick = () => {
  go.focus();
  void attempt(stopTraining);
};
alike.onclick = () => void attempt(compare);
find('#look').hidden = !find<HTMLAnchorElement>('nav[aria-label="Demos"]').querySelector('[href$="/look/"]');

/** Takes other pictures: those of the last visit, or chosen now. */
async function take(taken: Pictures, chosen: boolean): Promise<void> {
  if (training) session.rest();
  pictures = taken;
  changed ||= chosen;
  const strip = find('#strip');
  strip.hidden = false;
  const { set } = taken;
  const shown: HTMLElement[] = [];
  for (let i = 0; i < Math.min(STRIP, set.length); i++) {
    const picture = await set.image(i);
    await breath();
    if (pictures !== taken) return;
    shown.push(make('li', {}, pictureCanvas(picture)));
  }
  strip.replaceChildren(...shown);
  if (set.length > STRIP) {
    const more = document.createElement('li');
    more.textContent = `and ${(set.length - STRIP).toLocaleString('en')} more`;
    strip.append(more);
  }
  strip.ariaLabel = count(set.length);
  show();
}

/** Updates the buttons and parts of the page to the current state. */
function show(): void {
  const resumable = session.unfinished && !changed;
  go.disabled = !(pictures && ready) && !training;
  find('#why').hidden = !go.disabled;
  find('#why').textContent = pictures ? 'Looking for a saved training …' : 'Choose pictures first.';
  go.textContent = training ? 'Pause' : resumable ? `Resume at step ${session.checkpoint!.position.step}` : 'Start';
  startOver.hidden = training || !resumable || !pictures;
  stop.hidden = !training && !session.warm;
  result.hidden = training || !session.checkpoint || changed;
  alike.disabled = !pictures;
  for (const control of Array.from(form.elements)) (control as HTMLSelectElement).disabled = training;
  find('#live').hidden = !training && !session.checkpoint;
  if (training) return;
  find<HTMLProgressElement>('#progress').value = session.progress;
  find('#step').textContent = (session.checkpoint?.position.step ?? 0).toLocaleString('en');
}

async function train(fresh: boolean): Promise<void> {
  if (training) return;
  training = true;
  calm();
  await attempt(async () => {
    try {
      await trainNow(fresh);
    } finally {
      training = false;
      show();
    }
    if (!session.checkpoint) return say('Stopped.');
    say(
      session.unfinished ? `Paused at step ${session.checkpoint.position.step}; the training is saved here.` : 'Done.',
    );
  });
}

async function trainNow(fresh: boolean): Promise<void> {
  const { set } = pictures!;
  if (set.length < LEAST_PICTURES) {
    throw new Trouble(
      `${count(set.length)} are too few to learn from.`.replace('1 picture are', '1 picture is'),
      `Choose at least ${LEAST_PICTURES}; a few hundred are better.`,
    );
  }
  const said = settings(form, set.length);
  const { device } = await chooseEngine(said.device);
  changed = false;
  find('#neighbours').hidden = true;
  if (fresh) {
    showHistory([]);
    find<HTMLProgressElement>('#progress').value = 0;
    find('#step').textContent = '0';
  }
  say('Starting the engine …');
  show();
  find('.charts').scrollIntoView({ block: 'nearest', behavior: 'smooth' });
  const awake = await stayAwake();
  try {
    await follow(set.length, { ...said, device }, fresh);
  } finally {
    awake?.release();
    // Kept before the link to it appears.
    if (session.checkpoint) await keepEncoder(patchEncoder(session.checkpoint)).catch(complain);
  }
}

/** Trains and shows every step. */
async function follow(pictureCount: number, said: Settings, fresh: boolean): Promise<void> {
  const { set } = pictures!;
  let config: Fit['config'] | undefined;
  let pace = 0;
  let figures = Number.NEGATIVE_INFINITY;
  let drawn = Number.NEGATIVE_INFINITY;
  const started = (footing: Footing, fit: Fit) => {
    config = fit.config;
    find('#footing').textContent = describe(footing, pictureCount);
    say('Training.');
  };
  const recovered = (message: string) => {
    find('#footing').append(` ${message}`);
    say(message);
  };
  for await (const step of session.train(set, said, fresh, started, recovered)) {
    const { budget, recipe, seed, images, views } = config!;
    pace = pace ? 0.9 * pace + 0.1 * step.ms : step.ms;
    if (step.report) {
      lossChart.add(step.step, step.report.loss);
      spreadChart.add(step.step, step.report.collapse);
    }
    const now = performance.now();
    if (now - figures > FIGURES_MS || step.progress === 1) {
      figures = now;
      const left = 'steps' in budget ? ((budget.steps - step.step) * pace) / 1000 : 60 * budget.minutes - step.seconds;
      showFigures(step, (1000 * images * views) / pace, left);
    }
    if (now - drawn > SHEET_MS) {
      drawn = now;
      void sheet.show(set, { recipe, seed, epoch: step.epoch }).catch(complain);
    }
  }
}

function describe({ device, adapter, threads, precision }: Footing, pictureCount: number): string {
  const where = device === 'webgpu' ? `the graphics card (${adapter})` : `the processor, ${count(threads, 'thread')}`;
  return `Learning from ${count(pictureCount)} on ${where}, in ${precision}.`;
}

function showFigures({ step, progress, report }: Step, pace: number, left: number): void {
  find<HTMLProgressElement>('#progress').value = progress;
  find('#step').textContent = step.toLocaleString('en');
  find('#pace').textContent = Math.round(pace).toLocaleString('en');
  find('#left').textContent = duration(left);
  if (report) showReport(report);
}

function showReport({ loss, collapse }: HistoryEntry): void {
  find('#loss').textContent = loss.toFixed(1);
  find('#spread').textContent = collapse.toFixed(2);
}

function showHistory(history: readonly HistoryEntry[]): void {
  lossChart.show(history.map(({ step, loss }) => ({ step, value: loss })));
  spreadChart.show(history.map(({ step, collapse }) => ({ step, value: collapse })));
  const last = history.at(-1);
  if (last) showReport(last);
}

function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

async function stopTraining(): Promise<void> {
  say('Stopping …');
  await session.stop();
  show();
}

async function compare(): Promise<void> {
  const place = find('#neighbours');
  const { device } = await chooseEngine(settings(form, pictures!.set.length).device);
  say('Looking at the pictures …');
  await showNeighbours(place, pictures!.set, patchEncoder(session.checkpoint!), device, (done, total) => {
    if (done % 20 === 0) say(`Looked at ${done} of ${count(total)}.`);
  });
  place.hidden = false;
  say('');
}

/** Otherwise a phone turns off its screen and suspends the page. */
async function stayAwake(): Promise<WakeLockSentinel | undefined> {
  return navigator.wakeLock?.request('screen').catch(() => undefined);
}
