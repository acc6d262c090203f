"use strict";
// What the programs of all pages begin with: the data, and its words.

function element(id) {
  return document.getElementById(id);
}

const data = JSON.parse(element("data").textContent);

// What the page says, in the reader's language: data.words has it by its English text, in which {0}, {1} ... stand for the parts.
function translated(english, ...parts) {
  return (data.words[english] ?? english).replace(/\{(\d)\}/g, (_, place) => parts[place]);
}

function range(n) {
  return [...Array(n).keys()];
}
