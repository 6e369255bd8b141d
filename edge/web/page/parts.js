// The last parts, one of them in detail, and the doubtful ones that wait for a word.

import { ask } from "./ask.js";
import { byId, keep, make, remember, remembered, say } from "./dom.js";
import { clockTime, percent, plain, reason } from "./words.js";

const MOST_SHOWN = 24;
const labelled = new Set();
let facts = { labels: [] };
let latest = { parts: [], doubtful: [] };
let open = null; // the part in the dialog
let operator = false;

export function setFacts(told) {
  facts = told;
}

export function setOperator(may, asksForName) {
  operator = may;
  byId("part-label-box").hidden = !may;
  byId("by-box").hidden = !asksForName;
  byId("by").value = remembered("by");
  byId("by").addEventListener("change", (event) => remember("by", event.target.value.trim()));
  byId("part").addEventListener("close", () => (open = null));
}

export function showParts(told) {
  latest = told;
  byId("no-parts").hidden = told.parts.length > 0;
  keep(byId("parts"), told.parts.slice(0, MOST_SHOWN), (one) => one.part, row, fillRow);
  askFor(told.doubtful.filter((one) => !labelled.has(one.part)));
  if (open !== null) {
    const newer = [...told.parts, ...told.doubtful].find((one) => one.part === open);
    if (newer) detail(newer);
  }
}

function row(part) {
  const item = make("li");
  const button = make("button", "part");
  button.type = "button";
  const picture = make("img");
  picture.alt = "";
  picture.loading = "lazy";
  if (part.picture) picture.src = part.picture;
  const words = make("span", "what");
  words.append(make("b", "label"), make("small", "why"));
  button.append(picture, words, make("span", "chip"), make("span", "when"));
  button.addEventListener("click", () => show(Number(item.dataset.key)));
  item.append(button);
  return item;
}

function fillRow(item, part) {
  item.querySelector(".label").textContent = part.label ? plain(part.label) : "no label";
  item.querySelector(".why").textContent = part.true_label
    ? `in truth ${plain(part.true_label)} (${part.said_by})`
    : [part.label ? percent(part.score) : "", part.reason === "sorted" ? "" : reason(part.reason)].filter(Boolean).join(" · ");
  const chip = item.querySelector(".chip");
  chip.textContent = plain(part.bin);
  chip.classList.toggle("reject", part.bin === "reject");
  item.querySelector(".when").textContent = clockTime(part.at);
}

function show(number) {
  const part = [...latest.parts, ...latest.doubtful].find((one) => one.part === number);
  if (!part) return;
  open = number;
  say("part-answer", "");
  detail(part);
  byId("part").showModal();
}

function detail(part) {
  say("part-title", `Part ${part.part}`);
  const picture = byId("part-picture");
  picture.hidden = !part.picture;
  if (part.picture && picture.getAttribute("src") !== part.picture) picture.src = part.picture;
  const where = part.bin === "reject" ? `to reject: ${reason(part.reason)}` : `to ${plain(part.bin)}`;
  const truth = part.true_label ? `; in truth ${plain(part.true_label)}, says ${part.said_by}` : "";
  say("part-says", `${clockTime(part.at)}, ${where}, decided ${part.latency_ms.toFixed(1)} ms after its frame${truth}.`);
  const scores = Object.entries(part.scores).sort((one, other) => other[1] - one[1]).slice(0, 6);
  keep(byId("part-scores"), scores, ([label]) => label, scoreRow, (item, [label, score]) => {
    item.querySelector("span").textContent = plain(label);
    item.querySelector("b").textContent = percent(score);
    item.style.setProperty("--share", score);
  });
  labels(byId("part-labels"), part, "part-answer");
}

function scoreRow() {
  const item = make("li");
  item.append(make("span"), make("b"));
  return item;
}

function askFor(waiting) {
  say("ask-count", waiting.length ? String(waiting.length) : "");
  byId("asked").hidden = waiting.length === 0;
  byId("none-asked").hidden = waiting.length > 0;
  const oldest = waiting.at(-1);
  if (!oldest) return;
  const picture = byId("asked-picture");
  picture.hidden = !oldest.picture;
  if (oldest.picture && picture.getAttribute("src") !== oldest.picture) picture.src = oldest.picture;
  picture.alt = `Part ${oldest.part}`;
  const guess = oldest.label ? `perhaps ${plain(oldest.label)} (${percent(oldest.score)})` : "no idea";
  say("asked-says", `Part ${oldest.part}, ${clockTime(oldest.at)}: ${guess}; ${reason(oldest.reason)}.`);
  labels(byId("asked-labels"), oldest, "asked-answer");
}

function labels(list, part, answerId) {
  const all = [...facts.labels, "unknown"];
  keep(list, all, (label) => label, () => {
    const button = make("button", "label-choice");
    button.type = "button";
    button.addEventListener("click", () => say_(Number(list.dataset.part), button.dataset.key, answerId));
    return button;
  }, (button, label) => {
    button.textContent = label === "unknown" ? "something else" : plain(label);
    button.setAttribute("aria-pressed", String(part.true_label === label));
    button.disabled = !operator;
  });
  list.dataset.part = part.part;
}

async function say_(part, label, answerId) {
  try {
    await ask(`/api/parts/${part}/label`, { label, by: byId("by").value.trim() });
    labelled.add(part);
    say(answerId, `Part ${part} is noted as ${label === "unknown" ? "something else" : plain(label)}.`);
    showParts(latest);
  } catch (problem) {
    say(answerId, problem.message);
  }
}
