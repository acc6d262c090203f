// Let the model that comes with minillm continue a text.
import { $, Python, element, say, status, trouble, whenAgreed } from "./page.js";

const heard = {
  written: ({ text }) => $("text").append(text),
  stopped: () => rest(say("write.stopped")),
  finished: () => rest(say("write.finished")),
  error: failed,
  full: failed,
  fault: failed,
};
const python = new Python((message) => heard[message.kind](message));

function failed(message) {
  rest("");
  if (!message.dead) return trouble(message);
  $("choices").disabled = $("start").disabled = true;
  python.fail(say("ended", message.text));
}

function rest(text) {
  $("choices").disabled = $("start").disabled = false;
  $("stop").disabled = true;
  status(text);
}

$("plan").onsubmit = (event) => {
  event.preventDefault();
  $("choices").disabled = $("start").disabled = true;
  $("stop").disabled = false;
  $("text").replaceChildren(element("b", $("prompt").value));
  status(say("write.writing"));
  const [max_tokens, temperature, seed] = ["length", "temperature", "seed"].map((id) => Number($(id).value));
  python.ask("write", { prompt: $("prompt").value, max_tokens, temperature, seed });
};
$("stop").onclick = () => python.ask("stop");
$("temperature").oninput = () => ($("temperature-shown").value = Number($("temperature").value).toFixed(1));

whenAgreed(async () => {
  const { python: version, numpy } = await python.start();
  rest(say("ready", version, numpy));
});
