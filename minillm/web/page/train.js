// Train a GPT: what is trained on and how large it is, its losses, what it writes, where it looks.
import { $, Python, element, now, offer, say, status, trouble, whenAgreed } from "./page.js";
import { LossCurve } from "./loss_curve.js";

const curve = new LossCurve($("loss"));
let kept = true, steps = 0, prompt = "";

const heard = {
  started(message) {
    steps = message.steps;
    curve.begin(message);
    $("results").hidden = $("done").hidden = false;
    $("download").disabled = $("viewer").disabled = false;
    $("samples").replaceChildren();
    $("sample").textContent = "";
    const numbers = [message.parameters, message.vocabulary, message.characters].map((n) => n.toLocaleString());
    $("facts").textContent = say("train.facts", ...numbers, message.chance.toFixed(2), message.unigram.toFixed(2));
  },
  progress({ losses, validation, elapsed }) {
    curve.add(losses, validation);
    const [step, mean] = curve.means.at(-1) ?? [0, curve.chance];
    const pace = elapsed / Math.max(step, 1);
    $("done").value = step / steps;
    kept = false;
    const text = say("train.step", step, steps, mean.toFixed(3), Math.round(1000 * pace), Math.ceil(pace * (steps - step)));
    for (const [at, loss] of validation) status(say("train.validation", at, loss.toFixed(3)));
    now(text);
  },
  sample({ step, prompt: from, text }) {
    prompt = from;
    if ($("sample").textContent) $("samples").prepend(element("li", $("sample").textContent, { value: $("sample").dataset.step }));
    $("sample").replaceChildren(element("b", from), text);
    $("sample").dataset.step = step;
  },
  maps: drawMaps,
  stopped() {
    rest();
    status(say("train.stopped"));
  },
  finished() {
    rest();
    $("go-on").disabled = true;
    status(say("train.finished", curve.means.at(-1)[1].toFixed(3)));
  },
  viewer({ html }) {
    const href = URL.createObjectURL(new Blob([html], { type: "text/html" }));
    const link = element("a", say("train.viewer_open"), { href, target: "_blank" });
    $("links").replaceChildren(link);
    link.focus();
  },
  file({ name, base64 }) {
    offer(name, Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)), "application/zip");
    kept = true;
    status(say("train.kept", name));
  },
  error: failed,
  full: failed,
  fault: failed,
};

const python = new Python((message) => heard[message.kind](message));

function failed(message) {
  if (!message.dead) {
    if (message.ended) rest();
    return trouble(message);
  }
  curve.losses = []; // the run is lost
  kept = true;
  rest();
  $("choices").disabled = $("start").disabled = true;
  python.fail(say("ended", message.text));
}

function work() {
  $("choices").disabled = $("start").disabled = $("go-on").disabled = true;
  $("stop").disabled = false;
}

function rest() {
  $("choices").disabled = $("start").disabled = false;
  $("stop").disabled = true;
  $("go-on").disabled = $("download").disabled = $("viewer").disabled = !curve.losses?.length;
}

// A canvas a head, a pixel a weight; what is drawn is said in words as well.
function drawMaps({ labels, weights }) {
  const colour = getComputedStyle(document.documentElement).getPropertyValue("--map").split(",").map(Number);
  const size = labels.length, figures = [];
  weights.forEach((heads, layer) => heads.forEach((rows, head) => {
    const canvas = element("canvas", undefined, { width: size, height: size });
    const pixels = new ImageData(size, size);
    rows.forEach((row, i) => row.forEach((weight, j) => pixels.data.set([...colour, 255 * Math.sqrt(weight)], 4 * (size * i + j))));
    canvas.getContext("2d").putImageData(pixels, 0, 0);
    const last = rows.at(-1), most = last.indexOf(Math.max(...last));
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", say("train.map_said", layer, head, labels.at(-1), labels[most], Math.round(100 * last[most])));
    const figure = element("figure");
    figure.append(canvas, element("figcaption", say("train.map", layer, head)));
    figures.push(figure);
  }));
  $("maps").style.gridTemplateColumns = `repeat(${weights[0].length}, minmax(0, 11rem))`;
  $("maps").replaceChildren(...figures);
}

$("plan").onsubmit = (event) => {
  event.preventDefault();
  work();
  status(say("train.preparing"));
  const own = $("ours").value === "" ? $("text").value : "";
  python.ask("start", { ours: $("ours").value, text: own, size: $("size").value, steps: Number($("steps").value), prompt: $("prompt").value });
};
$("stop").onclick = () => python.ask("stop");
$("go-on").onclick = () => {
  work();
  python.ask("go_on", { prompt: $("prompt").value || prompt });
};
$("download").onclick = () => python.ask("download");
$("viewer").onclick = () => python.ask("viewer", { text: $("prompt").value || prompt });
$("ours").onchange = () => ($("own").hidden = $("ours").value !== "");
$("file").onchange = async () => {
  const [file] = $("file").files; // none where the choice was taken back
  if (!file) return;
  try {
    $("text").value = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    status(say("train.not_utf8", file.name), true); // file.text() would put signs in the place of what it can't read
  }
};
window.onbeforeunload = (event) => {
  if (!kept) event.preventDefault(); // the browser asks whether to leave a run that nobody keeps
};

whenAgreed(async () => {
  const { python: version, numpy } = await python.start();
  status(say("ready", version, numpy));
  rest();
});
