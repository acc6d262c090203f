// What the three pages have in common: their words, and Python in its worker with all that is shown while it loads.
const data = JSON.parse(document.getElementById("data").textContent);

export const $ = (id) => document.getElementById(id);
export const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

// The words of a place, with {0}, {1} ... filled.
export const say = (place, ...values) => data.words[place].replace(/\{(\d)\}/g, (_, number) => values[number]);

export function element(tag, text, more = {}) {
  return Object.assign(document.createElement(tag), text === undefined ? {} : { textContent: text }, more);
}

// What a screen reader tells as well; what changes all the time is for the eye alone.
export function status(text, bad = false) {
  $("status").textContent = text;
  $("status").className = bad ? "bad" : "";
  now("");
}

export function now(text) {
  $("now").textContent = text;
}

// What the browser keeps for the next time, as text; some browsers keep nothing. undefined: it is forgotten.
export function keep(name, text) {
  try {
    text === undefined ? localStorage.removeItem(`minillm.${name}`) : localStorage.setItem(`minillm.${name}`, text);
  } catch {}
}

export function kept(name) {
  try {
    return localStorage.getItem(`minillm.${name}`);
  } catch {
    return null;
  }
}

// A file for the reader to have.
export function offer(name, content, type) {
  const link = element("a", "", { href: URL.createObjectURL(new Blob([content], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

// Python in a worker. heard(message): gets what it says, except for what is said of loading.
export class Python {
  constructor(heard) {
    this.heard = heard;
  }

  // Start it, and show how far it has come; again, after it was ended.
  start() {
    const total = Object.values(data.loads).reduce((sum, bytes) => sum + bytes);
    const { page, language, pyodide, archives } = data;
    const failed = (text) => this.fail(say("loading.failed", text));
    let bytes = 0;
    $("begin").hidden = true;
    $("loaded").hidden = $("loading").hidden = false;
    return new Promise((resolve) => {
      const heard = {
        loading: ({ what }) => status(say("loading.now", what)),
        bytes({ count }) {
          bytes += count;
          $("loaded").value = Math.min(1, bytes / total);
          now(say("loading.bytes", megabytes(bytes), megabytes(total)));
        },
        ready: (message) => {
          $("loading").hidden = true;
          this.worker.onmessage = ({ data: message }) => this.heard(message);
          resolve(message);
        },
        error: ({ wrong }) => failed(wrong),
        fault: ({ text }) => failed(text),
        full: () => failed(say("full")),
      };
      this.worker = new Worker("worker.js", { type: "module" });
      this.worker.onerror = (event) => failed(event.message || say("loading.no_worker"));
      this.worker.onmessage = ({ data: message }) => heard[message.kind](message);
      this.worker.postMessage({ do: "load", page, language, pyodide, archives });
    });
  }

  ask(what, more = {}) {
    this.worker.postMessage({ do: what, ...more });
  }

  end() {
    this.worker.terminate();
  }

  // End it, and offer to load it again.
  fail(said) {
    this.end();
    $("loaded").hidden = true;
    $("loading").hidden = $("begin").hidden = false;
    $("begin").textContent = say("loading.again");
    status(said, true);
  }
}

// What is loaded is said first, and loaded when the reader agrees; from then on it comes by itself.
export function whenAgreed(begin) {
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.page === data.page) link.setAttribute("aria-current", "page");
  }
  for (const [what, bytes] of Object.entries(data.loads)) {
    $("loads").append(element("li", say("loading.size", say(`loads.${what}`), megabytes(bytes))));
  }
  $("begin").onclick = () => {
    keep("agreed", "yes");
    begin();
  };
  if (kept("agreed")) begin();
}

// Bad input, too little memory, and faults of ours.
export function trouble({ kind, wrong, remedy, text }) {
  status({ error: say("error", wrong, remedy), full: say("full"), fault: say("fault", text) }[kind], true);
}
