// Draws the attention maps in the element "data". All that can change is in `state`: change() and point() draw it anew.

const { layers, heads, queries, keys } = data; // the numbers of the layers and heads; the tokens of the rows and columns
const [L, H, T, S] = [layers.length, heads.length, queries.length, keys.length];
const weights = unpack(data.weights);
const vectors = data.vectors?.map(unpackHalves); // the queries, scaled, and the keys

// Viridis, from 0 to 1 in tenths; and where the scale is marked. Among many tokens most weights are small:
// there the colours go by the square root, which tells 2 % from 10 %.
const VIRIDIS = ["#440154", "#482475", "#414487", "#355f8d", "#2a788e", "#21918c", "#22a884", "#44bf70", "#7ad151", "#bddf26", "#fde725"];
const MANY = Math.max(T, S) > 12;
const MARKS = MANY ? [0, 0.05, 0.2, 0.5, 1] : [0, 0.25, 0.5, 0.75, 1];

const state = {
  layer: 0,
  on: heads.map(() => true), // which heads are shown
  smallest: 0.05, // lines of less weight are not drawn
  hovered: null, // what the mouse is on: {query}, {key}, or both for a cell of the heatmap
  focused: null, // the token that has the keyboard
};

// ---- the weights: one byte each, 255 is a weight of 1; with a causal mask only the keys that a query may see are kept

function unpack(base64) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  if (!data.causal) return bytes;
  const all = new Uint8Array(L * H * T * S);
  let next = 0;
  for (let row = 0; row < L * H * T; row++)
    for (let key = 0; key < S; key++) if (isAllowed(row % T, key)) all[row * S + key] = bytes[next++];
  return all;
}

// Numbers of two bytes (IEEE 754, binary16): a sign, 5 bits of exponent, 10 of fraction.
function unpackHalves(base64) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  return Array.from(new Uint16Array(bytes.buffer), (half) => {
    const [exponent, fraction] = [(half >> 10) & 31, half & 1023];
    const size = exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -24 * fraction;
    return half & 32768 ? -size : size;
  });
}

function isAllowed(query, key) {
  return !data.causal || key <= query + S - T; // the last query is the last key
}

function weight(head, query, key) {
  return weightIn(state.layer, head, query, key);
}

function weightIn(layer, head, query, key) {
  return weights[((layer * H + head) * T + query) * S + key] / 255;
}

function shownHeads() {
  return range(H).filter((head) => state.on[head]);
}

function mean(query, key) {
  const shown = shownHeads();
  return shown.reduce((sum, head) => sum + weight(head, query, key), 0) / Math.max(1, shown.length);
}

// ---- colours

function headColour(head) {
  return `var(--head-${head % 7})`;
}

function brightness(weight) {
  return MANY ? Math.sqrt(weight) : weight;
}

function viridis(weight) {
  const place = Math.min(brightness(weight), 1) * (VIRIDIS.length - 1);
  const below = Math.min(Math.floor(place), VIRIDIS.length - 2);
  return [1, 3, 5].map((i) => {
    const [one, two] = [0, 1].map((step) => parseInt(VIRIDIS[below + step].slice(i, i + 2), 16));
    return Math.round(one + (two - one) * (place - below));
  });
}

// ---- words

function percent(weight) {
  return weight > 0 && weight < 0.005 ? "<1\u00a0%" : `${Math.round(100 * weight)}\u00a0%`;
}

function shorten(token, most) {
  const characters = [...token];
  return characters.length > most ? characters.slice(0, most - 1).join("") + "…" : token;
}

function name(tokens, i) {
  const twice = tokens.indexOf(tokens[i]) !== tokens.lastIndexOf(tokens[i]);
  return `“${shorten(tokens[i], 24)}”` + (twice ? ` #${i}` : ""); // the position, where the token alone does not tell
}

function headWords() {
  const shown = shownHeads().map((head) => heads[head]);
  if (shown.length === 1) return translated("head {0}", shown[0]);
  return shown.length === H ? translated("mean of all heads") : translated("mean of heads {0}", listed(shown));
}

function listed(words) {
  return words.join(translated(", "));
}

// The largest weights of a row or a column, in words: “the” 61 %, “sat” 20 %, …
function largest(tokens, weightOf) {
  const found = range(tokens.length).filter((i) => weightOf(i) >= 0.005).sort((i, j) => weightOf(j) - weightOf(i));
  const words = found.slice(0, 5).map((i) => `${name(tokens, i)} ${percent(weightOf(i))}`);
  return listed(found.length > 5 ? [...words, "…"] : words) || translated("nothing");
}

function sentence({ query, key }) {
  if (!shownHeads().length) return translated("No head is on.");
  const layer = translated("layer {0}", layers[state.layer]);
  const where = translated("{0}, {1}", layer, headWords());
  if (query === undefined && key === undefined) return where;
  if (key === undefined) return translated("{0}, {1} looks at: {2}", where, name(queries, query), largest(keys, (k) => mean(query, k)));
  if (query === undefined) return translated("{0}, {1} is looked at by: {2}", where, name(keys, key), largest(queries, (q) => mean(q, key)));
  const [one, two] = [name(queries, query), name(keys, key)];
  if (!isAllowed(query, key)) return translated("masked: {0} may not look at {1}", one, two);
  const each = shownHeads().map((head) => translated("head {0} {1}", heads[head], percent(weight(head, query, key))));
  return translated("{0}, {1} looks at {2}: {3}", layer, one, two, listed(each));
}

// What stands behind a weight of one head: the score, a product of the query and the key. Of a query alone, behind its largest weight.
function behind({ query, key }) {
  const shown = shownHeads();
  if (shown.length !== 1 || query === undefined) return translated("Show one head alone and point at a cell, or a query: here stands what its weight is made of.");
  if (key === undefined) key = range(S).reduce((most, k) => (mean(query, k) > mean(query, most) ? k : most), 0);
  if (!isAllowed(query, key)) return "";
  const row = (numbers, length, place) => numbers.slice(...[0, 1].map((end) => (((state.layer * H + shown[0]) * length + place) + end) * data.width));
  const [q, k] = [row(vectors[0], T, query), row(vectors[1], S, key)];
  const products = q.map((x, i) => x * k[i]);
  const largest = range(q.length).sort((i, j) => Math.abs(products[j]) - Math.abs(products[i])).slice(0, 6);
  const terms = largest.map((i) => translated("{0} · {1} = {2} (number {3})", number(q[i]), number(k[i]), number(products[i]), i));
  const score = products.reduce((sum, x) => sum + x, 0);
  return translated("Behind {0} at {1}: the score, query · key, is {2}, of {3} products, the largest {4}. Mask, any bias of positions and softmax over the row make {5} of it.",
    name(queries, query), name(keys, key), number(score), q.length, listed(terms), percent(mean(query, key)));
}

function number(x) {
  return String(Number(x.toPrecision(3))).replace("-", "−");
}

// ---- drawing

function draw() {
  drawHeads();
  drawThumbnails();
  drawHeatmap();
  drawPointed();
}

// What follows the mouse and the keyboard.
function drawPointed() {
  const chosen = state.hovered || state.focused || {};
  drawTokens(chosen);
  drawLines(chosen);
  drawMarks(chosen);
  const words = sentence(chosen);
  if (element("sentence").textContent !== words) element("sentence").textContent = words; // a change is read out
  if (vectors) element("behind").textContent = behind(chosen);
}

function drawHeads() {
  [...element("heads").children].forEach((button, head) => button.setAttribute("aria-pressed", state.on[head]));
}

function drawTokens({ query, key }) {
  [...element("queries").children].forEach((button, q) => {
    button.classList.toggle("chosen", q === query);
    button.style.setProperty("--share", query === undefined && key !== undefined ? mean(q, key) : 0);
  });
  [...element("keys").children].forEach((button, k) => {
    button.classList.toggle("chosen", k === key);
    button.style.setProperty("--share", key === undefined && query !== undefined ? mean(query, k) : 0);
  });
}

// A line for each weight that is large enough: the larger, the thicker and the less transparent. Among all lines the
// weak ones step back; where a token is chosen there is room for them.
function drawLines({ query, key }) {
  const shown = shownHeads();
  const lines = [];
  const faintest = query === undefined && key === undefined ? 0.12 : 0.45;
  for (const q of query === undefined ? range(T) : [query])
    for (const k of key === undefined ? range(S) : [key])
      shown.forEach((head, place) => {
        const w = weight(head, q, k);
        if (w === 0 || w < state.smallest) return;
        const shift = 0.5 + ((place + 0.5) / shown.length - 0.5) * 0.4; // heads that agree stay side by side
        const dash = head < 7 ? "" : ` stroke-dasharray="${6 / Math.floor(head / 7)} 3"`;
        lines.push(`<line x1="0" x2="1" y1="${q + shift}" y2="${k + shift}" stroke="${headColour(head)}"` +
          ` stroke-width="${1 + 2 * w}" stroke-opacity="${faintest + (1 - faintest) * w}"${dash}/>`);
      });
  element("lines").innerHTML = lines.join("");
}

function drawHeatmap() {
  const isEmpty = !shownHeads().length;
  paint(element("colours"), isEmpty ? () => null : mean);
  element("heatmap-title").textContent = isEmpty ? translated("No head is on.") : headWords();
  [...element("numbers").children].forEach((number, i) => {
    const [q, k] = [Math.floor(i / S), i % S];
    number.textContent = isEmpty || !isAllowed(q, k) ? "" : Math.round(100 * mean(q, k));
    number.style.color = brightness(mean(q, k)) < 0.6 ? "#fff" : "#000";
  });
}

// One pixel for each cell; the page enlarges it. A masked cell is clear.
function paint(canvas, weightOf) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(S, T);
  for (let q = 0; q < T; q++)
    for (let k = 0; k < S; k++) {
      const w = isAllowed(q, k) ? weightOf(q, k) : null;
      if (w !== null) image.data.set([...viridis(w), 255], 4 * (q * S + k));
    }
  context.putImageData(image, 0, 0);
}

// Which of all heads are drawn above.
function drawThumbnails() {
  [...element("thumbnails").children].forEach((button, i) =>
    button.setAttribute("aria-pressed", Math.floor(i / H) === state.layer && state.on[i % H]));
}

function drawMarks({ query, key }) {
  const [row, column] = [element("row-mark"), element("column-mark")];
  row.hidden = query === undefined;
  column.hidden = key === undefined;
  row.style.top = `calc(${query} * var(--cell))`;
  column.style.left = `calc(${key} * var(--cell))`;
}

// ---- sizes: the heatmap fills its half of the page, with cells that can still be told apart; a longer one scrolls

function resize() {
  setCell(34); // the names are measured at their largest
  const room = element("map").clientWidth - element("row-names").offsetWidth;
  const cell = Math.max(6, Math.min(34, Math.floor(room / S)));
  const step = Math.ceil(10 / cell); // names need 10 pixels each: of smaller cells every second one is named
  setCell(cell, step);
  for (const id of ["row-names", "column-names"])
    [...element(id).children].forEach((span, i) => (span.style.visibility = i % step ? "hidden" : ""));
  Object.assign(element("colours").style, { width: `${S * cell}px`, height: `${T * cell}px` });
  element("numbers").hidden = cell < 20;
}

function setCell(cell, step = 1) {
  document.body.style.setProperty("--cell", `${cell}px`);
  document.body.style.setProperty("--step", step);
}

// ---- building the page, and what the reader can do

function build() {
  element("layer").append(...layers.map((number, i) => new Option(number, i)));
  element("layer").addEventListener("change", (event) => change({ layer: Number(event.target.value) }));
  element("smallest").addEventListener("input", showSmallest);

  const longest = Math.max(T, S);
  const row = longest <= 24 ? 24 : longest <= 48 ? 18 : 16;
  document.body.style.setProperty("--row", `${row}px`);
  element("lines").setAttribute("viewBox", `0 0 1 ${longest}`);
  element("lines").style.height = `${longest * row}px`;
  element("heads").append(...heads.map(headButton));
  element("queries").append(...queries.map((_, i) => tokenButton("query", i)));
  element("keys").append(...keys.map((_, i) => tokenButton("key", i)));

  element("row-names").append(...queries.map(shortName));
  element("column-names").append(...keys.map(shortName));
  [element("colours").width, element("colours").height] = [S, T];
  element("cells").addEventListener("mousemove", hoverCell);
  for (const id of ["queries", "keys", "cells"]) element(id).addEventListener("mouseleave", () => point({ hovered: null }));
  if (!MANY) element("numbers").append(...range(T * S).map(() => document.createElement("span")));
  element("numbers").style.gridTemplateColumns = `repeat(${S}, 1fr)`;
  element("scale").style.background = `linear-gradient(to right, ${VIRIDIS})`;
  element("scale").append(...MARKS.map(mark));
  element("masked").hidden = range(T).every((query) => isAllowed(query, S - 1));

  element("thumbnails").append(...range(L * H).map(thumbnail));
  element("thumbnails").style.gridTemplateColumns = `repeat(${H}, minmax(2rem, 7rem))`;
  element("model").hidden = L * H === 1;
  element("behind").hidden = !vectors;

  addEventListener("resize", resize);
  resize();
  showSmallest();
}

// Another layer, other heads.
function change(news) {
  Object.assign(state, news);
  draw();
}

// Another token or cell that is hovered or focused.
function point(news) {
  Object.assign(state, news);
  drawPointed();
}

function showSmallest() {
  const value = element("smallest").value;
  element("smallest-shown").textContent = `${value}\u00a0%`;
  change({ smallest: value / 100 });
}

function headButton(number, head) {
  const button = document.createElement("button");
  button.textContent = number;
  button.setAttribute("aria-label", translated("head {0}", number));
  button.style.setProperty("--colour", headColour(head));
  button.addEventListener("click", () => change({ on: state.on.map((on, i) => (i === head ? !on : on)) }));
  button.addEventListener("dblclick", () => isolate(head)); // its two clicks have undone each other
  button.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "i") isolate(head);
  });
  return button;
}

// A small map of one head of one layer: a click shows this head alone.
function thumbnail(i) {
  const [layer, head] = [Math.floor(i / H), i % H];
  const button = document.createElement("button");
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [S, T];
  paint(canvas, (q, k) => weightIn(layer, head, q, k));
  button.append(canvas);
  button.title = translated("{0}, {1}", translated("layer {0}", layers[layer]), translated("head {0}", heads[head]));
  button.setAttribute("aria-label", button.title);
  button.tabIndex = i ? -1 : 0;
  button.addEventListener("click", () => {
    element("layer").value = layer;
    change({ layer, on: heads.map((_, other) => other === head) });
  });
  button.addEventListener("keydown", (event) => {
    const next = { ArrowLeft: i - 1, ArrowRight: i + 1, ArrowUp: i - H, ArrowDown: i + H, Home: 0, End: L * H - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const other = element("thumbnails").children[next];
    if (!other) return;
    [button.tabIndex, other.tabIndex] = [-1, 0];
    other.focus();
  });
  return button;
}

// This head alone; if it is alone already, all of them.
function isolate(head) {
  const isAlone = state.on.every((on, i) => on === (i === head));
  change({ on: state.on.map((_, i) => isAlone || i === head) });
}

function tokenButton(side, i) {
  const button = document.createElement("button");
  const token = (side === "query" ? queries : keys)[i];
  button.textContent = button.title = token;
  button.lang = language(token);
  button.tabIndex = i ? -1 : 0; // Tab comes to the first of a column, the arrow keys to the others
  button.addEventListener("mouseenter", () => point({ hovered: { [side]: i } }));
  button.addEventListener("click", () => button.focus()); // some browsers do not by themselves
  button.addEventListener("focus", () => point({ focused: { [side]: i } }));
  button.addEventListener("blur", () => point({ focused: null }));
  button.addEventListener("keydown", (event) => moveFocus(event, side, i));
  return button;
}

// Up and down in a column, left and right between the two.
function moveFocus(event, side, i) {
  const column = event.key === "ArrowLeft" ? "queries" : event.key === "ArrowRight" ? "keys" : side === "query" ? "queries" : "keys";
  const buttons = element(column).children;
  const last = buttons.length - 1;
  const places = { ArrowUp: i - 1, ArrowDown: i + 1, ArrowLeft: i, ArrowRight: i, Home: 0, End: last };
  if (event.key === "Escape") event.target.blur();
  if (!(event.key in places)) return;
  event.preventDefault(); // the page does not scroll as well
  state.hovered = null; // the keyboard takes over from a resting mouse
  const place = Math.max(0, Math.min(places[event.key], last));
  for (const button of buttons) button.tabIndex = -1;
  buttons[place].tabIndex = 0;
  buttons[place].focus();
}

function hoverCell(event) {
  const box = element("cells").getBoundingClientRect();
  const query = Math.floor(((event.clientY - box.top) / box.height) * T);
  const key = Math.floor(((event.clientX - box.left) / box.width) * S);
  if (query >= 0 && query < T && key >= 0 && key < S) point({ hovered: { query, key } });
}

function shortName(token) {
  const span = document.createElement("span");
  span.textContent = shorten(token, 12);
  span.lang = language(token);
  return span;
}

function language(token) {
  return /\p{Script=Han}/u.test(token) ? "zh" : ""; // which of the reader's fonts, and which voice
}

function mark(weight) {
  const span = document.createElement("span");
  span.textContent = weight;
  span.style.left = `${100 * brightness(weight)}%`;
  return span;
}

build();
