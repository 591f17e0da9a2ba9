"use strict";
// A text with its passages marked, as the notebook does it: cut at all edges, so that passages may lie in and over each other.
// All text is put in as text, never as markup. A passage is {start, end, words, model, told, name, kind, rank}: offsets in characters, its words,
// whether the model chose it, status and source, what it shows with the class that colours it, and which colour comes first.
const marking = (() => {
  const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;
  function put(node, text) {  // text as it is; signs that steer or hide are shown, and steer nothing outside themselves
    for (const part of String(text).split(new RegExp(`(${CONTROL.source})`))) {
      if (part.length === 1 && CONTROL.test(part)) {
        const sign = make("span", "teken", part);
        sign.dataset.teken = `U+${part.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
        node.append(sign);
      } else if (part) node.append(part);
    }
    return node;
  }
  function make(tag, kind, text, attributes = {}) {
    const node = document.createElement(tag);
    if (kind) node.className = kind;
    if (text !== undefined) node.textContent = text;
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  }
  function codePoints(words) {  // offsets count characters, strings here count units of 16 bits
    if (!/[\ud800-\udbff]/.test(words)) return place => place;
    const units = [];
    let unit = 0;
    for (const sign of words) { units.push(unit); unit += sign.length; }
    units.push(unit);
    return place => units[place];
  }
  function merge(passages, unit) {  // one for each place, with all that it shows
    const places = new Map();
    for (const {start, end, words, model, told, name, kind, rank} of passages) {
      const key = `${start}-${end}`;
      if (!places.has(key)) places.set(key, {place: `${start}–${end}`, start: unit(start), end: unit(end), words, labels: new Map(), model: true, told: new Set()});
      const passage = places.get(key);
      if (!passage.labels.has(name)) passage.labels.set(name, {name, kind, rank});
      passage.model &&= model;
      if (told) passage.told.add(told);
    }
    return [...places.values()].sort((a, b) => a.start - b.start || b.end - a.end).map((passage, k) => (
      {...passage, number: k + 1, labels: [...passage.labels.values()].sort((a, b) => a.rank - b.rank), told: [...passage.told].join("; ")}));
  }
  function marked(text, found) {  // the text, and the list of its passages
    const passages = merge(found, codePoints(text));
    const edges = [...new Set([0, text.length, ...passages.flatMap(passage => [passage.start, passage.end])])].sort((a, b) => a - b);
    const root = make("div", "tekst", undefined, {dir: "auto"}), starts = new Map();
    const live = [];
    let next = 0;
    edges.forEach((edge, k) => {
      while (next < passages.length && passages[next].start === edge) live.push(passages[next++]);
      for (let n = live.length - 1; n >= 0; n--) if (live[n].end <= edge) live.splice(n, 1);
      if (k === edges.length - 1) return;
      const piece = text.slice(edge, edges[k + 1]);
      if (!live.length) { put(root, piece); return; }
      const inner = live.reduce((best, one) => one.end - one.start < best.end - best.start ? one : best);
      const mark = put(make("mark", `${inner.labels[0].kind}${live.every(one => one.model) ? " model" : ""}${live.length > 1 ? " meer" : ""}`), piece);
      const begins = live.filter(one => one.start === edge);
      if (begins.length) mark.dataset.nr = begins.map(one => one.number).join(",");
      for (const one of begins) starts.set(one, mark);
      mark.title = live.map(one => `${one.number}. ${one.labels.map(label => label.name).join(", ")}${one.told && ` (${one.told})`}`).join("\n");
      root.append(mark);
    });
    return passages.length ? [root, make("h3", "", "Passages"), listOf(passages, starts)] : [root];
  }
  function listOf(passages, starts = new Map()) {
    const list = make("ol", "passages");
    for (const passage of passages) {
      const line = make("li"), mark = starts.get(passage);
      const number = make(mark ? "button" : "span", "nummer", `${passage.number}`, mark ? {type: "button", "aria-label": `Passage ${passage.number}: ga ernaar`} : {});
      if (mark) number.onclick = () => {
        document.querySelectorAll("mark.gezocht").forEach(node => node.classList.remove("gezocht"));
        mark.classList.add("gezocht");
        mark.tabIndex = -1;
        mark.focus({preventScroll: true});
        mark.scrollIntoView({block: "center"});
      };
      const told = passage.model ? "zin die het meest bijdroeg" : passage.told;
      line.append(number, " ");
      line.append(...passage.labels.map(label => put(make("span", `chip ${label.kind}`), label.name)));
      line.append(` ${told}${told ? "; " : ""}plaats ${passage.place}`);
      if (!mark) line.append(put(make("div", "tekst", undefined, {dir: "auto"}), passage.words));
      list.append(line);
    }
    return list;
  }

  const listed = found => listOf(merge(found, place => place));  // passages without their text

  return {make, put, marked, listed};
})();
