// Pyodide's place in a browser: what is asked of Python goes to the test's server, and the worker waits for it, as it would for Pyodide.
function ask(order) {
  const request = new XMLHttpRequest();
  request.open("POST", "/python", false);
  request.send(JSON.stringify(order));
  if (request.status !== 200) throw new Error(`Python has ended (${request.status})`);
  return JSON.parse(request.responseText);
}

function call(order, post) {
  let line = ask(order);
  for (; "post" in line; line = ask({ next: true })) post(line.post);
  return line.return;
}

export async function loadPyodide({ indexURL }) {
  await (await fetch(`${indexURL}pyodide.asm.wasm`)).arrayBuffer();
  return {
    loadPackage: async () => (await fetch(`${indexURL}numpy.whl`)).arrayBuffer(),
    unpackArchive(content) {
      const request = new XMLHttpRequest();
      request.open("POST", "/unpack", false);
      request.send(content);
    },
    pyimport: () => ({
      Session(page, language, post) {
        call({ new: [page, language] }, post);
        return { receive: (text) => call({ receive: text }, post), work: () => call({ work: null }, post) };
      },
    }),
  };
}
