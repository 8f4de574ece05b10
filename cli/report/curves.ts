import type { HistoryEntry, RunConfig } from '../../src/train.ts';
import type { ReportContents } from './contents.ts';
import { type Html, html } from './html.ts';
import { type LineChart, lineChart } from './line-chart.ts';

type Looks = Pick<LineChart, 'title' | 'note' | 'reach' | 'mark'>;

/** The loss, its parts and the collapse figure, each with what a healthy run looks like. */
export function curves({ run: { config, history } }: ReportContents): Html {
  const first: HistoryEntry | undefined = history[0];
  if (!first) return html`<p>This run has not reported its loss yet.</p>`;
  const parts =
    'kind' in config.objective && config.objective.kind === 'coding-rate' ? codingRateParts(config) : VICREG_PARTS;
  const looks: Record<string, Looks> = { ...parts, ...FLOAT16 };
  const rest = Object.keys({ ...first, ...history.at(-1) }).filter(
    (name) => !['step', 'loss', 'collapse'].includes(name),
  );
  const charts: [string, Looks][] = [
    ['loss', LOSS],
    ...rest.map((name): [string, Looks] => [
      name,
      Object.hasOwn(looks, name) ? looks[name] : { title: name, note: 'A part of the loss.' },
    ]),
    ['collapse', COLLAPSE],
  ];
  return html`<div class="curves">${charts.map(([name, look]) =>
    lineChart({
      ...look,
      points: history.filter((entry) => Object.hasOwn(entry, name)).map((entry) => [entry.step, entry[name]]),
    }),
  )}</div>`;
}

const LOSS: Looks = {
  title: 'Loss',
  note: 'What training minimises. Healthy: it falls fast at first, then ever more slowly, without jumps. Its value says nothing about accuracy.',
};

const COLLAPSE: Looks = {
  title: 'Collapse figure',
  reach: [0, 1],
  mark: { value: 0, name: 'collapsed' },
  note: 'How widely the vectors of different patches spread. At 0 every patch has the same vector and nothing was learnt. Healthy: well above 0 and not falling; 1 is the maximum.',
};

function codingRateParts({ objective, model, images }: RunConfig): Record<string, Looks> {
  const epsilon2 = 'epsilon2' in objective ? (objective.epsilon2 ?? 0.2) : 0.2;
  // The rate of m unit vectors that spread evenly over r = min(d, m) dimensions: ½ r log(1 + d / (ε² r)).
  const rank = Math.min(model.projector.out, images);
  const most = (rank / 2) * Math.log(1 + model.projector.out / (epsilon2 * rank));
  return {
    similarity: {
      title: 'Similarity within an image',
      reach: [1],
      note: 'How much the patches of one image agree; 1 is complete agreement. Training raises it.',
    },
    codingRate: {
      title: 'Coding rate',
      reach: [most],
      mark: { value: most, name: 'maximum' },
      note: 'How much room the vectors of different images take up. Training raises this too, so that the vectors do not all become the same. It often dips while similarity rises, then climbs.',
    },
  };
}

/** What a run in float16 reports in addition. */
const FLOAT16: Record<string, Looks> = {
  skipped: {
    title: 'Skipped steps',
    reach: [0],
    note: 'How many steps so far had gradients beyond the range of float16 and so changed nothing. Healthy: a few at the start, then hardly any.',
  },
  lossScale: {
    title: 'Loss scale',
    note: 'The loss is multiplied by this so that its gradients fit float16. It halves at a skipped step and doubles after 1,000 good ones.',
  },
};

const VICREG_PARTS: Record<string, Looks> = {
  invariance: {
    title: 'Invariance',
    reach: [0],
    note: 'How far apart the patches of one image are. Training lowers it.',
  },
  variance: {
    title: 'Variance',
    reach: [0],
    note: 'How much spread the vectors lack. Near 0, every dimension is in use; near 1, they have collapsed.',
  },
  covariance: {
    title: 'Covariance',
    reach: [0],
    note: 'How much the dimensions repeat one another. Training lowers it.',
  },
};
