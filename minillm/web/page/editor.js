// A textarea to write Python in: line numbers beside it, Tab and Shift+Tab move lines, Enter keeps the indent. Escape, then Tab leaves it.
const INDENT = "    ";

export function makeEditor(area, numbers) {
  let leaving = false;

  function number() {
    const lines = area.value.split("\n").length;
    numbers.textContent = Array.from({ length: lines }, (_, i) => i + 1).join("\n");
    numbers.scrollTop = area.scrollTop;
  }

  // As if it were typed, so that the browser's undo knows it.
  function replace(start, end, text) {
    area.setSelectionRange(start, end);
    document.execCommand(text ? "insertText" : "delete", false, text);
  }

  function moveLines(back) {
    const { selectionStart: start, selectionEnd: end, value } = area;
    if (start === end && !back) return replace(start, end, INDENT);
    const first = value.lastIndexOf("\n", start - 1) + 1;
    const lines = value.slice(first, end).split("\n");
    const moved = lines.map((line) => (back ? line.replace(/^ {1,4}/, "") : INDENT + line));
    if (moved.join("\n") === lines.join("\n")) return;
    replace(first, end, moved.join("\n"));
    area.setSelectionRange(Math.max(first, start + moved[0].length - lines[0].length), first + moved.join("\n").length);
  }

  area.addEventListener("keydown", (event) => {
    if (event.key === "Tab" && !leaving) {
      event.preventDefault();
      moveLines(event.shiftKey);
    } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      const line = area.value.slice(0, area.selectionStart).split("\n").at(-1);
      replace(area.selectionStart, area.selectionEnd, `\n${line.match(/^ */)[0]}${/:\s*$/.test(line) ? INDENT : ""}`);
    }
    leaving = event.key === "Escape" || (leaving && event.key === "Shift");
  });
  area.addEventListener("input", number);
  area.addEventListener("scroll", () => (numbers.scrollTop = area.scrollTop));
  return {
    set(text) {
      area.value = text;
      area.scrollTop = 0;
      number();
    },
  };
}
