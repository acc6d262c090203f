// The losses of a run as an SVG: each step, their running mean, the losses on held-out text, and what the frequencies alone give.
import { say } from "./page.js";

const WIDTH = 640, HEIGHT = 300, LEFT = 44, BOTTOM = 28, TOP = 10;
const SMOOTHING = 0.06;

export class LossCurve {
  constructor(svg) {
    this.svg = svg;
  }

  begin({ steps, chance, unigram }) {
    Object.assign(this, { steps, chance, unigram, losses: [], means: [], validation: [] });
    this.draw();
  }

  add(losses, validation) {
    for (const [step, loss] of losses) {
      const mean = this.means.at(-1)?.[1] ?? loss;
      this.losses.push([step, loss]);
      this.means.push([step, mean + SMOOTHING * (loss - mean)]);
    }
    this.validation.push(...validation);
    this.draw();
  }

  draw() {
    const top = Math.ceil(Math.max(this.chance, ...this.losses.map(([, loss]) => loss), 1));
    const x = (step) => LEFT + (step / this.steps) * (WIDTH - LEFT - 10);
    const y = (loss) => TOP + (1 - loss / top) * (HEIGHT - TOP - BOTTOM);
    const path = (points) => points.map(([step, loss], i) => `${i ? "L" : "M"}${x(step).toFixed(1)} ${y(loss).toFixed(1)}`).join("");
    const parts = [];
    for (let loss = 0; loss <= top; loss++) {
      parts.push(`<line class="grid" x1="${LEFT}" x2="${WIDTH - 10}" y1="${y(loss)}" y2="${y(loss)}"/>`);
      parts.push(`<text x="${LEFT - 8}" y="${y(loss) + 4}" text-anchor="end">${loss}</text>`);
    }
    for (let part = 0; part <= 4; part++) {
      const step = Math.round((this.steps * part) / 4);
      parts.push(`<text x="${x(step)}" y="${HEIGHT - 8}" text-anchor="${part < 4 ? "middle" : "end"}">${step}</text>`);
    }
    parts.push(`<line class="unigram" x1="${LEFT}" x2="${WIDTH - 10}" y1="${y(this.unigram)}" y2="${y(this.unigram)}"/>`);
    parts.push(`<path class="each" d="${path(this.losses)}"/><path class="mean" d="${path(this.means)}"/>`);
    for (const [step, loss] of this.validation) parts.push(`<circle class="validation" cx="${x(step)}" cy="${y(loss)}" r="5"/>`);
    this.svg.innerHTML = parts.join("");
    const [first, last] = [this.losses[0], this.means.at(-1)];
    const label = first ? say("train.loss_said", first[1].toFixed(2), last[1].toFixed(2), last[0]) : say("train.loss_none");
    this.svg.setAttribute("aria-label", label);
  }
}
