// Walks through the step in the element "data". What is shown is in `state`; go() and point() draw it anew.

const nodes = data.nodes.map(unpackNode);
const updates = data.updates.map(unpackUpdate);
const stops = findStops(); // each a list of nodes that are shown together
const failed = new Map(); // by node: the numbers that are not what the page computes
const PHASES = { forward: translated("forward"), backward: translated("backward"), update: translated("update") };
const SEQUENCES = { reads: translated("reads"), written: translated("has written"), target: translated("is to say") };
const state = { stop: 0, node: null, i: null };

function make(tag, text, attributes = {}) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

// ---- unpacking

function bytes(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)).buffer;
}

function unpackNode(n, number) {
  const size = n.shape.reduce((product, length) => product * length, 1);
  const held = new Float32Array(bytes(n.values));
  const values = n.runs ? new Float32Array(size).fill(NaN) : held; // NaN: not on this page
  let [place, next] = [0, 0];
  (n.runs || []).forEach((length, turn) => {
    if (turn % 2) values.set(held.subarray(next, (next += length)), place);
    place += length;
  });
  const options = Object.fromEntries(Object.entries(n.options).map(([name, value]) => [name, unpackOption(value)]));
  const node = { ...n, number, size, values, options, operands: n.operands.map(unpackOperand) };
  if (options.places) node.sources = sourcesOf(options.places);
  return node;
}

function unpackOption(value) {
  if (value?.ints) return [...new Int32Array(bytes(value.ints))];
  return value?.floats ? [...new Float64Array(bytes(value.floats))] : value;
}

function unpackOperand(operand) {
  const size = operand.shape.reduce((product, length) => product * length, 1);
  return { ...operand, size, places: operand.places ? new Int32Array(bytes(operand.places)) : null };
}

// For each number of the result the numbers of the operand that went there.
function sourcesOf(places) {
  const sources = new Map();
  places.forEach((place, j) => sources.set(place, [...(sources.get(place) || []), j]));
  return sources;
}

function unpackUpdate(update) {
  const gradient = unpackOperand(update.gradient);
  const shown = [...shownOf(nodes[update.weight].shape)];
  const nudged = new Float32Array(bytes(update.nudged));
  const slopes = new Map(shown.map((i, k) => [i, nudged[k]])); // by place in the weight
  const weights = new Map(shown.map((i) => [placeIn(gradient, i), i])); // by place in the gradient's node
  return { ...update, gradient, slopes, weights };
}

// ---- where numbers are

// The place in its node of number j of an operand.
function placeIn(operand, j) {
  if (operand.places) return operand.places[j];
  let place = operand.offset;
  for (let axis = operand.shape.length - 1; axis >= 0; axis--) {
    place += (j % operand.shape[axis]) * operand.strides[axis];
    j = Math.floor(j / operand.shape[axis]);
  }
  return place;
}

// What is shown of an axis: minillm/inspection/window.py has the same rule.
function axisShown(length) {
  if (!data.window.whole && length > 16) return length === data.window.vocabulary ? data.window.ids : range(8);
  return range(length);
}

function* shownOf(shape) {
  if (!shape.length) return void (yield 0);
  const rest = shape.slice(1).reduce((product, length) => product * length, 1);
  for (const i of axisShown(shape[0])) for (const j of shownOf(shape.slice(1))) yield i * rest + j;
}

function indices(shape, i) {
  const found = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    found.unshift(i % shape[axis]);
    i = Math.floor(i / shape[axis]);
  }
  return found;
}

// ---- computing each number again

function compute(n, i, say, log) {
  const read = (k, j) => {
    const place = placeIn(n.operands[k], j);
    if (log) log(k, j);
    return nodes[n.operands[k].node].values[place];
  };
  return RULES[n.kind](n, i, read, say);
}

// Equal to 1e-4 of the number's size: of it, or a hundredth of the terms that it is the sum of.
function isRight(value, [again, size]) {
  return value === again || Math.abs(value - again) <= 1e-4 * Math.max(Math.abs(value), size / 100) + 1e-30;
}

// The difference of two losses is known to their last digits only, and is divided by a small number.
function slopeIsRight(update, slope, gradient) {
  return Math.abs(slope - gradient) <= 1e-4 * Math.max(Math.abs(gradient), update.largest / 100) + 1e-9 * (1 + data.loss);
}

// All of them, in slices, so that the page can be used meanwhile. The element "verdict" says how it ends.
async function check() {
  let [count, wrong, slopes, steep] = [0, 0, 0, 0];
  let pause = performance.now();
  const rest = async () => {
    if (performance.now() - pause < 40) return;
    verdict(translated("checking … {0} numbers", grouped(count)), "");
    await new Promise((resume) => setTimeout(resume));
    pause = performance.now();
  };
  for (const n of nodes) {
    if (!n.again) continue;
    for (const i of shownOf(n.shape)) {
      count += 1;
      if (isRight(n.values[i], compute(n, i))) continue;
      wrong += 1;
      failed.set(n.number, (failed.get(n.number) || new Set()).add(i));
    }
    await rest();
  }
  for (const update of updates) {
    const values = nodes[update.gradient.node].values;
    update.largest = [...update.weights.keys()].reduce((most, place) => Math.max(most, Math.abs(values[place])), 0);
    for (const [place, i] of update.weights) {
      slopes += 1;
      steep += !slopeIsRight(update, update.slopes.get(i), values[place]);
    }
    await rest();
  }
  const numbers = translated("{0} numbers computed again by this page, {1} gradients compared with the loss when their weight is moved", grouped(count), grouped(slopes));
  if (!wrong && !steep) verdict(translated("✓ {0}: all are equal.", numbers), "good");
  else if (wrong) verdict(translated("✗ {0}: {1} differ, first in step {2}.", numbers, wrong + steep, firstFailed()), "bad");
  else verdict(translated("✗ {0}: {1} differ.", numbers, steep), "bad");
  Object.assign(element("verdict").dataset, { checked: count, wrong, slopes, steep });
  draw();
}

function grouped(count) {
  return count.toLocaleString("en");
}

function firstFailed() {
  return stopOf(Math.min(...failed.keys()));
}

function verdict(text, kind) {
  element("verdict").textContent = text;
  element("verdict").className = kind;
}

// ---- steps: one for each array; the optimiser's four of a weight together

function findStops() {
  const found = [];
  for (const n of nodes) {
    if (n.kind === "weight" || n.kind === "constant") continue;
    const before = found.length ? found[found.length - 1] : null;
    if (n.phase === "update" && n.where && before && before[0].where === n.where) before.push(n);
    else found.push([n]);
  }
  return found;
}

function stopOf(number) {
  return stops.findIndex((stop) => stop.some((n) => n.number === number));
}

function title(n) {
  const where = n.where || (n.phase === "update" ? translated("all gradients") : translated("the model"));
  if (n.kind === "weight") return n.name;
  return n.phase === "update" && n.where ? translated("{0}, {1}", where, "AdamW") : translated("{0}: {1}", where, n.name);
}

// ---- drawing

function go(stop) {
  Object.assign(state, { stop: Math.max(0, Math.min(stop, stops.length - 1)), node: null, i: null });
  draw();
}

function draw() {
  const stop = stops[state.stop];
  const n = stop[0];
  element("slider").value = element("stops").value = state.stop;
  const where = translated("step {0} of {1}, {2}", state.stop, stops.length - 1, PHASES[n.phase]);
  element("slider").setAttribute("aria-valuetext", translated("{0}, {1}", where, title(n)));
  element("heading").replaceChildren(title(n), " ", make("small", where));
  element("formula").textContent = stop.length > 1 ? "" : WORDS[n.kind][0];
  element("line").replaceChildren(...(stop.length > 1 ? [] : lineOf(n)));
  element("results").replaceChildren(...stop.flatMap((each) => drawResult(each, stop.length > 1)));
  element("operands").replaceChildren(...drawOperands(stop));
  drawDetail();
}

function lineOf(n) {
  if (n.line === null) return [];
  const [file, number, text] = data.lines[n.line];
  return [make("code", text), make("br"), make("small", translated("minillm/{0}, line {1}", file, number))];
}

function drawResult(n, named) {
  const heading = make("h3", named ? translated("{0}: {1}", n.name, WORDS[n.kind][0]) : `${n.name} `);
  const left = n.again ? "" : translated(" (made of more numbers than are on this page: not computed again)");
  const sized = make("small", ` ${sizeOf(n.shape)}${left}`);
  heading.append(sized);
  const grid = tables(n, n.shape, (i) => i, true);
  const used = nodes.filter((each) => each.operands.some((operand) => operand.node === n.number) && each.kind !== "length");
  if (used.length && !named) heading.append(...links((place) => translated("read in step {0}", place), used.slice(0, 6).map((each) => each.number)));
  return [heading, ...(named ? lineOf(n) : []), grid];
}

function drawOperands(stop) {
  const shown = stop.length > 1 ? [{ n: stop[stop.length - 1], k: 0 }, { n: stop[0], k: 0 }] : stop[0].operands.map((_, k) => ({ n: stop[0], k }));
  if (stop[0].kind === "length") return [];
  return shown.flatMap(({ n, k }) => {
    const operand = n.operands[k];
    const from = nodes[operand.node];
    const heading = make("h3", `${WORDS[n.kind][1][k] ?? translated("operand")} = ${from.kind === "constant" ? translated("given") : title(from)} `);
    heading.append(make("small", sizeOf(operand.shape)));
    if (stopOf(from.number) >= 0) heading.append(...links((place) => translated("made in step {0}", place), [from.number]));
    const update = updates.find((each) => each.weight === from.number);
    if (update) {
      heading.append(...links((place) => translated("gradient in step {0}", place), [update.gradient.node]));
      heading.append(...links((place) => translated("updated in step {0}", place), [update.after]));
    }
    const grid = tables(from, operand.shape, (j) => placeIn(operand, j), false);
    grid.dataset.operand = stop.length > 1 ? "" : k;
    return [heading, grid];
  });
}

function links(first, numbers) {
  const places = [...new Set(numbers.map(stopOf))].filter((place) => place >= 0);
  return places.flatMap((place, k) => {
    const button = make("button", k ? translated("step {0}", place) : first(place));
    button.addEventListener("click", () => go(place));
    return [" ", button];
  });
}

function sizeOf(shape) {
  if (!shape.length) return translated("one number");
  const shown = shape.map((length) => axisShown(length).length);
  if (shape.every((length, axis) => shown[axis] === length)) return `(${shape.join(" × ")})`;
  const parts = shape.map((length, axis) => (shown[axis] < length ? translated("{0} of {1}", shown[axis], length) : length));
  return translated("({0}, shown are {1})", shape.join(" × "), parts.join(" × "));
}

// An array as tables: one for each place on all axes but the last two.
function tables(n, shape, place, isResult) {
  const box = make("div", undefined, { class: "tables" });
  const [rows, columns] = [shape.length > 1 ? shape[shape.length - 2] : 1, last(shape)];
  const scale = largestOf(n, shape, place);
  for (const lead of shownOf(shape.slice(0, -2))) {
    const table = make("table");
    if (isResult) table.setAttribute("role", "grid");
    const caption = indices(shape.slice(0, -2), lead).slice(1);
    const which = caption.length ? translated("head {0}", caption.join(", ")) : n.name;
    table.append(make("caption", caption.length ? which : ""));
    table.setAttribute("aria-label", translated("{0}, {1}", title(n), which));
    const head = make("tr");
    head.append(make("td", "", { class: "corner", role: "presentation" }), ...axisShown(columns).map((c) => make("th", axisName(n, shape, 1, c), { scope: "col" })));
    const top = make("thead");
    top.append(head);
    const body = make("tbody");
    for (const r of axisShown(rows)) {
      const line = make("tr");
      line.append(make("th", axisName(n, shape, 2, r), { scope: "row" }));
      for (const c of axisShown(columns)) line.append(cell(n, (lead * rows + r) * columns + c, place, scale, isResult));
      body.append(line);
    }
    table.append(top, body);
    const scroll = make("div", undefined, { class: "scroll", role: "group", "aria-label": table.ariaLabel });
    scroll.append(table);
    box.append(scroll);
  }
  const first = isResult && box.querySelector("td[data-i]");
  if (first) first.tabIndex = 0;
  return box;
}

function largestOf(n, shape, place) {
  let most = 0;
  for (const j of shownOf(shape)) {
    const size = Math.abs(n.values[place(j)]);
    if (Number.isFinite(size) && size > most) most = size;
  }
  return most;
}

function cell(n, j, place, scale, isResult) {
  const value = n.values[place(j)];
  const made = make("td", Number.isNaN(value) ? "·" : short(value, 3), isResult ? { "data-i": j, "data-node": n.number, tabindex: -1 } : { "data-j": j });
  if (Number.isFinite(value) && scale) {
    made.style.setProperty("--sign", `var(--${value < 0 ? "minus" : "plus"})`);
    made.style.setProperty("--part", Math.sqrt(Math.abs(value) / scale).toFixed(2));
  }
  if (isResult && failed.get(n.number)?.has(j)) made.classList.add("failed");
  return made;
}

// The name of a place on the last axis, or the last but one: a token where the axis is one of tokens.
function axisName(n, shape, fromEnd, i) {
  const length = shape[shape.length - fromEnd];
  if (length === undefined) return n.name;
  if (length === data.window.vocabulary && data.labels[i] !== undefined) return data.labels[i];
  const tokens = tokensOf(n, shape, fromEnd);
  return tokens ? `${i} ${tokens[i]}` : String(i);
}

function tokensOf(n, shape, fromEnd) {
  const isMap = shape.length === 4 && shape[2] !== undefined && n.phase !== "given" && /scores|p$|dp|ds/.test(n.name);
  const isRow = fromEnd === 2 && n.phase !== "update" && n.kind !== "weight" && !/weight|gamma|beta|table/.test(n.name) && shape.length > 1;
  if (!isRow && !(isMap && fromEnd === 1)) return null;
  const length = shape[shape.length - fromEnd];
  const fitting = data.sequences.filter((each) => each.name !== "target" && each.tokens.length === length);
  const isEncoder = /^encoder|^source/.test(n.where) || /cross_attention\.(key|value)/.test(n.where) || (isMap && fromEnd === 1 && /cross/.test(n.where));
  return (fitting.length > 1 ? fitting[isEncoder ? 0 : 1] : fitting[0])?.tokens;
}

// ---- the number that is pointed at

function point(node, i) {
  Object.assign(state, { node, i });
  drawDetail();
}

function drawDetail() {
  drawNumber();
  for (const box of document.querySelectorAll("#operands .scroll, #detail")) letKeysScroll(box);
}

// What scrolls has to be reached without a mouse as well.
function letKeysScroll(box) {
  const scrolls = box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight;
  if (scrolls) box.tabIndex = 0;
  else box.removeAttribute("tabindex");
}

function drawNumber() {
  for (const marked of document.querySelectorAll("td.read, td.chosen")) marked.classList.remove("read", "chosen");
  if (state.node === null) {
    element("detail").replaceChildren(make("p", translated("Point at a number, or go to the table with Tab and to its numbers with the arrow keys: here it is computed again from those that it is made of.")));
    return;
  }
  const n = nodes[state.node];
  const value = n.values[state.i];
  document.querySelector(`td[data-node="${n.number}"][data-i="${state.i}"]`)?.classList.add("chosen");
  const name = `${n.name}[${indices(n.shape, state.i).join(", ")}]`;
  const lines = [];
  if (n.again) {
    let words = "";
    const reads = [];
    const again = compute(n, state.i, (text) => (words = text), (k, j) => reads.push([k, j]));
    const right = isRight(value, again);
    const verdict = make("span", ` ${right ? "✓" : "✗"} ${translated("computed again: {0}", short(again[0]))}`, { class: right ? "right" : "wrong" });
    const first = make("p", `${name} = ${short(value)}`);
    first.append(verdict);
    lines.push(first, make("p", `= ${words}`));
    mark(reads);
  } else lines.push(make("p", `${name} = ${short(value)}`));
  lines.push(...slopeLines(n, state.i, value));
  element("detail").replaceChildren(...lines);
}

function mark(reads) {
  for (const [k, j] of reads)
    document.querySelector(`#operands [data-operand="${k}"] td[data-j="${j}"]`)?.classList.add("read");
}

// Beside a weight's gradient: what the loss does when the weight is moved a little.
function slopeLines(n, i, value) {
  return updates.filter((update) => update.gradient.node === n.number && update.weights.has(i)).map((update) => {
    const weight = update.weights.get(i);
    const slope = update.slopes.get(weight);
    const right = update.largest === undefined || slopeIsRight(update, slope, value);
    const name = `${update.name}[${indices(nodes[update.weight].shape, weight).join(", ")}]`;
    const line = make("p", translated("this is the gradient of {0}: with this weight moved by ±0.000001 the loss changes at the rate {1}", name, short(slope)));
    line.append(make("span", right ? " ✓" : " ✗", { class: right ? "right" : "wrong" }));
    return line;
  });
}

// ---- what the reader can do

function build() {
  for (const { name, tokens } of data.sequences) {
    const line = make("div", undefined, { class: "sequence" });
    line.append(make("b", SEQUENCES[name]), ...tokens.map((token) => make("span", token)));
    element("sequences").append(line);
  }
  const cut = data.window.whole ? translated("Every number of the step is here.") : translated("The model is large: of axes longer than 16 the first 8 places are shown, of the vocabulary the tokens of the text. Each shown number is still computed from all that it is made of.");
  element("summary").textContent = translated("The loss is {0} nats; the learning rate {1}. {2}", data.loss.toFixed(4), data.lr, cut);
  element("slider").max = stops.length - 1;
  const groups = new Map();
  stops.forEach((stop, place) => {
    const phase = stop[0].phase;
    if (!groups.has(phase)) groups.set(phase, make("optgroup", undefined, { label: PHASES[phase] }));
    groups.get(phase).append(new Option(`${place} ${title(stop[0])}`, place));
  });
  element("stops").append(...groups.values());
  element("slider").addEventListener("input", (event) => go(Number(event.target.value)));
  element("stops").addEventListener("change", (event) => go(Number(event.target.value)));
  element("before").addEventListener("click", () => go(state.stop - 1));
  element("after").addEventListener("click", () => go(state.stop + 1));
  for (const kind of ["mouseover", "focusin", "click"])
    element("results").addEventListener(kind, (event) => {
      const { i, node } = event.target.dataset ?? {};
      if (i !== undefined) point(Number(node), Number(i));
    });
  element("results").addEventListener("keydown", moveFocus);
  addEventListener("resize", drawDetail);
  draw();
  check();
}

// The arrow keys go from number to number, Home and End to the ends of a row.
function moveFocus(event) {
  const here = event.target;
  if (here.dataset?.i === undefined) return;
  const line = here.parentElement;
  const column = [...line.children].indexOf(here);
  const vertical = { ArrowUp: line.previousElementSibling, ArrowDown: line.nextElementSibling }[event.key];
  const horizontal = { ArrowLeft: here.previousElementSibling, ArrowRight: here.nextElementSibling, Home: line.children[1], End: line.lastElementChild }[event.key];
  const next = vertical?.children[column] ?? horizontal;
  if (event.key === "Escape") here.blur();
  if (!(event.key.startsWith("Arrow") || event.key === "Home" || event.key === "End")) return;
  event.preventDefault(); // the page does not scroll as well
  if (next?.dataset.i === undefined) return;
  here.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

build();
