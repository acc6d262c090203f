// Pyodide itself, as npm has it, without NumPy: it unpacks the archive of the pages and runs a program. Arguments: Pyodide's folder, the archive.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, archive] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`));
const python = await loadPyodide();
python.unpackArchive(new Uint8Array(readFileSync(archive)), "zip");
console.log(JSON.stringify(python.runPython(readFileSync(0, "utf-8"))));
