// The exercises of the course. What a student wrote runs in the worker; when its time is up, the worker is ended and another one started.
import { $, Python, element, keep, kept, offer, say, status, trouble, whenAgreed } from "./page.js";
import { makeEditor } from "./editor.js";

const GRACE = 500; // ms: the worker says itself that its time is up, unless it hangs in a single operation
const PRINTED = 10; // lines that are shown of what a student's code prints
const editor = makeEditor($("code"), $("numbers"));
const python = new Python(() => {});
let lessons = [], lesson, stub = "", stop = () => {};

// By lesson what was solved. What the browser has kept may come from another version, or from any other page of this server.
function solvedSoFar() {
  let found;
  try {
    found = JSON.parse(kept("solved"));
  } catch {}
  const names = lessons.map(({ name }) => [name, Array.isArray(found?.[name]) ? found[name] : []]);
  return { ...Object(found), ...Object.fromEntries(names) };
}

// One question, and all that is heard until it is answered, or ended for its time ("Timeout") or by a crash ("Crash").
function question(what, more) {
  return new Promise((resolve) => {
    const found = { lines: [], printed: "", line: null, ended: null };
    let timer;
    const finish = (result) => {
      clearTimeout(timer);
      stop = () => {};
      resolve({ ...found, ...result });
    };
    const heard = {
      limit({ seconds }) {
        clearTimeout(timer);
        if (seconds) timer = setTimeout(finish, 1000 * seconds + GRACE, { ended: "Timeout" });
      },
      at: ({ line }) => (found.line = line),
      late: ({ line }) => finish({ line, ended: "Timeout" }),
      line: ({ text }) => found.lines.push(text),
      printed: ({ text }) => (found.printed += text),
      fault: (answer) => finish({ answer, ended: "Crash" }),
    };
    stop = () => finish({ ended: "Stop" });
    python.heard = (message) => (heard[message.kind] ?? ((answer) => finish({ answer })))(message);
    python.ask(what, more);
  });
}
// The same, with a new worker where the old one had to be ended.
async function asked(what, more) {
  const found = await question(what, more);
  if (found.ended) {
    python.end();
    await python.start();
  }
  return found;
}

async function check() {
  const number = lesson.number, source = $("code").value;
  working(true);
  $("verdicts").replaceChildren();
  $("solved").textContent = "";
  let answer = (await asked("begin", { number, source })).answer;
  let solved = 0;
  for (const name of answer?.kind === "begun" ? answer.names : []) {
    status(say("exercises.checking", name));
    const heard = await asked("attempt", { number, source, name });
    answer = heard.ended === "Stop" ? null : await judged({ number, source, name }, heard);
    if (answer?.kind !== "verdict") break;
    showVerdict(answer);
    note(name, answer.passed);
    solved += answer.passed;
  }
  working(false);
  if (answer?.kind === "verdict") {
    status(say("exercises.solved", solved, lesson.exercises.length));
    $("solved").textContent = say("exercises.solved", solved, lesson.exercises.length);
    nameLessons();
  } else if (answer) {
    trouble(answer);
  } else {
    status(say("exercises.stopped"));
  }
}

// The verdict; where the search for a repair has to be ended, one without it.
async function judged(exercise, { lines, printed, line, ended }) {
  const heard = { ...exercise, lines, printed, line, ended };
  const found = await asked("judge", { ...heard, mend: true });
  if (!found.ended || found.ended === "Stop") return found.answer; // of what was stopped there is none
  return (await asked("judge", { ...heard, mend: false })).answer;
}

function showVerdict({ name, passed, message, printed }) {
  const item = element("li"), line = element("p");
  line.append(element("b", passed ? "✓ " : "✗ ", { className: passed ? "good" : "bad" }), name + (message ? `: ${message}` : ""));
  item.append(line);
  if (printed.length > PRINTED) printed.splice(PRINTED, Infinity, say("exercises.printed_more", name));
  if (printed.length) item.append(element("pre", printed.join("\n"), { tabIndex: 0 }));
  if (!passed) item.append(helps(name));
  $("verdicts").append(item);
}

// Hints, one after the other, and the solution.
function helps(name) {
  const box = element("div"), buttons = element("p", undefined, { className: "row buttons" });
  const hint = element("button", say("exercises.hint")), solution = element("button", say("exercises.solution"));
  for (const button of [hint, solution]) button.setAttribute("aria-label", `${button.textContent}: ${name}`);
  let given = 0;
  hint.onclick = async () => {
    const { answer } = await asked("hint", { number: lesson.number, name, which: given + 1 });
    if (answer.kind !== "hint") return trouble(answer);
    given = answer.which;
    hint.disabled = given === answer.of;
    box.append(element("p", say("exercises.hint_said", answer.which, answer.of, name, answer.text), { className: "hint" }));
  };
  solution.onclick = async () => {
    const { answer } = await asked("solution", { number: lesson.number, name });
    if (answer.kind !== "solution") return trouble(answer);
    solution.disabled = true;
    box.append(element("pre", answer.text, { tabIndex: 0 }));
  };
  buttons.append(hint, solution);
  box.append(buttons);
  return box;
}

function note(name, passed) {
  const solved = solvedSoFar(), names = new Set(solved[lesson.name]);
  passed ? names.add(name) : names.delete(name);
  keep("solved", JSON.stringify({ ...solved, [lesson.name]: [...names] }));
}

function nameLessons() {
  const solved = solvedSoFar();
  const options = lessons.map(({ number, name, title, exercises }) => {
    const done = exercises.filter((each) => solved[name].includes(each)).length;
    return element("option", `${name} ${title} (${say("exercises.solved", done, exercises.length)})`, { value: number });
  });
  $("lesson").replaceChildren(...options);
  $("lesson").value = lesson?.number;
}

async function open(number) {
  const { answer } = await asked("open", { number });
  if (answer.kind !== "stub") return trouble(answer);
  lesson = lessons.find((each) => each.number === number);
  stub = answer.text;
  $("path").textContent = answer.path;
  editor.set(kept(`exercises.${number}`) ?? stub);
  $("verdicts").replaceChildren();
  $("solved").textContent = "";
  $("lesson").value = number;
  keep("lesson", number);
  working(false);
}

function working(on) {
  for (const id of ["lesson", "code", "check", "download", "anew"]) $(id).disabled = on;
  for (const button of $("verdicts").querySelectorAll("button")) button.disabled = on;
  $("stop").disabled = !on;
}

$("code").addEventListener("input", () => keep(`exercises.${lesson.number}`, $("code").value));
$("code").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) check();
});
$("check").onclick = check;
$("stop").onclick = () => stop();
$("lesson").onchange = () => open(Number($("lesson").value));
$("download").onclick = () => offer(`ex${lesson.name}.py`, $("code").value, "text/x-python");
$("anew").onclick = () => {
  if (!confirm(say("exercises.anew_sure"))) return;
  keep(`exercises.${lesson.number}`);
  editor.set(stub);
};

whenAgreed(async () => {
  const { python: version, numpy } = await python.start();
  ({ lessons } = (await asked("lessons")).answer);
  await open((lessons.find(({ number }) => number === Number(kept("lesson"))) ?? lessons[0]).number);
  nameLessons();
  status(say("ready", version, numpy));
});
