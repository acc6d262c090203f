// Python, beside the page's own thread: this worker loads Pyodide, NumPy and minillm, and hands on what the page asks and what it is answered.
let receive, work, working = false;

const reply = (kind, more) => self.postMessage({ kind, ...more });
// What Python itself does not tell: it has ended, or could not be loaded.
const fault = (error) => reply("fault", { text: String(error?.message ?? error), ended: true, dead: true });

self.onmessage = ({ data }) => {
  if (data.do === "load") {
    load(data).catch(fault);
    return;
  }
  try {
    receive(JSON.stringify(data));
    if (!working) slice();
  } catch (error) {
    fault(error);
  }
};

// One slice of what takes long, and then what the page has sent in the meantime.
function slice() {
  try {
    working = work();
    if (working) setTimeout(slice);
  } catch (error) {
    working = false;
    fault(error);
  }
}

async function load({ page, language, pyodide, archives }) {
  const indexURL = new URL(pyodide, self.location.href).href;
  countBytes();
  const contents = Promise.all(archives.map(bytesOf)); // they come while Python does
  contents.catch(() => {}); // what went wrong is told below
  reply("loading", { what: "Pyodide" });
  const { loadPyodide } = await import(new URL("pyodide.mjs", indexURL).href);
  const python = await loadPyodide({ indexURL });
  reply("loading", { what: "NumPy" });
  await python.loadPackage("numpy", { messageCallback() {} });
  reply("loading", { what: "minillm" });
  for (const content of await contents) python.unpackArchive(content, "zip");
  const { Session } = python.pyimport("minillm.web.session");
  ({ receive, work } = Session(page, language, (text) => self.postMessage(JSON.parse(text))));
}

async function bytesOf(name) {
  const response = await fetch(new URL(name, self.location.href));
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  return response.arrayBuffer();
}

// From now on the page is told of all bytes that arrive, Pyodide's own as well.
function countBytes() {
  const fetchAll = self.fetch;
  self.fetch = async (...request) => {
    const { body, status, statusText, headers } = await fetchAll(...request);
    const counter = new TransformStream({
      transform(chunk, controller) {
        reply("bytes", { count: chunk.length });
        controller.enqueue(chunk);
      },
    });
    return new Response(body?.pipeThrough(counter), { status, statusText, headers });
  };
}
