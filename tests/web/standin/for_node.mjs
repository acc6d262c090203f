// Pyodide's place in node: a Python process that is asked, and waited for, through two named pipes.
import { execFileSync, spawn } from "node:child_process";
import { openSync, readSync, writeFileSync, writeSync } from "node:fs";

const { STANDIN_PYTHON: program, STANDIN_FOLDER: folder, STANDIN_SIDE: side } = process.env;
let rest = "";

function line(answers) {
  const part = Buffer.alloc(1 << 16);
  while (!rest.includes("\n")) {
    const count = readSync(answers, part);
    if (!count) throw new Error("Python has ended");
    rest += part.toString("utf-8", 0, count);
  }
  const end = rest.indexOf("\n") + 1, text = rest.slice(0, end);
  rest = rest.slice(end);
  return JSON.parse(text);
}

export async function loadPyodide() {
  return {
    async loadPackage() {},
    unpackArchive(content) {
      writeFileSync(`${folder}/archive.zip`, Buffer.from(content));
      execFileSync(program, ["-m", "zipfile", "-e", `${folder}/archive.zip`, folder]);
    },
    pyimport: () => ({
      Session(page, language, post) {
        const command = `exec '${program}' '${side}' < orders > answers`;
        spawn("sh", ["-c", command], { cwd: folder, env: { ...process.env, PYTHONPATH: folder }, stdio: ["ignore", "ignore", "inherit"] }).unref();
        const orders = openSync(`${folder}/orders`, "w"), answers = openSync(`${folder}/answers`, "r");
        const call = (order) => {
          writeSync(orders, `${JSON.stringify(order)}\n`);
          let answer = line(answers);
          for (; "post" in answer; answer = line(answers)) post(answer.post);
          return answer.return;
        };
        call({ new: [page, language] });
        return { receive: (text) => call({ receive: text }), work: () => call({ work: null }) };
      },
    }),
  };
}
