import uPlot from 'uplot';

export interface ChartOptions {
  /** Names the line for screen readers. */
  readonly label: string;
  /** The custom property of the line's colour. */
  readonly colour: string;
  /** The ends of the vertical axis; default: fitted to the line. */
  readonly range?: readonly [number, number];
}

const HEIGHT = 180;

/** A line over the training steps, as wide as its place, in the page's colours. */
export class Chart {
  #plot: uPlot | undefined;
  #steps: number[] = [];
  #values: number[] = [];
  #due = false;

  constructor(
    private readonly place: HTMLElement,
    private readonly options: ChartOptions,
  ) {
    place.role = 'img';
    place.ariaLabel = `${options.label}: no step yet`;
    new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(place);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.#plot?.destroy();
      this.#plot = undefined;
      this.#soon();
    });
  }

  /** Replaces all points. */
  show(points: readonly { readonly step: number; readonly value: number }[]): void {
    this.#steps = points.map(({ step }) => step);
    this.#values = points.map(({ value }) => value);
    this.#soon();
  }

  /** Adds a point and removes those of later steps, which a fault undid. */
  add(step: number, value: number): void {
    while (this.#steps.length > 0 && this.#steps.at(-1)! >= step) {
      this.#steps.pop();
      this.#values.pop();
    }
    this.#steps.push(step);
    this.#values.push(value);
    this.#soon();
  }

  /** Draws at the next frame, once for all points added until then. */
  #soon(): void {
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => {
      this.#due = false;
      this.#draw();
    });
  }

  #draw(): void {
    const { label } = this.options;
    const last = this.#values.at(-1);
    if (last !== undefined) {
      this.place.ariaLabel = `${label}: ${this.#values[0].toFixed(2)} at step ${this.#steps[0]}, ${last.toFixed(2)} at step ${this.#steps.at(-1)}`;
    }
    this.#plot ??= new uPlot(this.#settings(), [[], []], this.place);
    this.#plot.setData([this.#steps, this.#values]);
  }

  #size() {
    return { width: this.place.clientWidth, height: HEIGHT };
  }

  #settings(): uPlot.Options {
    const style = getComputedStyle(this.place);
    const { colour, range } = this.options;
    const axis = {
      stroke: this.#resolve('--soft'),
      grid: { stroke: this.#resolve('--line'), width: 1 },
      ticks: { show: false },
      font: `12px ${style.fontFamily}`,
    };
    return {
      ...this.#size(),
      legend: { show: false },
      cursor: { show: false },
      padding: [10, 10, 0, 0],
      scales: { x: { time: false }, y: range ? { range: [...range] } : {} },
      axes: [
        { ...axis, grid: { show: false }, size: 30, space: 70 },
        { ...axis, size: 52, space: 36 },
      ],
      series: [{}, { stroke: this.#resolve(colour), width: 2, points: { show: false } }],
    };
  }

  /** A canvas understands neither custom properties nor light-dark(). */
  #resolve(property: string): string {
    const probe = document.createElement('span');
    probe.style.color = `var(${property})`;
    this.place.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  }
}
