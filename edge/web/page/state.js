// The state of the line, its figures, its incidents, and the buttons.

import { ask } from "./ask.js";
import { byId, keep, make, say } from "./dom.js";
import { STATES, clockTime, lasting, milliseconds, plain, reason } from "./words.js";

const CONFIRM = { start: "Press again: gates may move", reset: "Press again to reset" };
const CONFIRM_MS = 4000;
let now = null;
let toldAt = 0;
let may = false;
let connected = false;

export function setConnected(here) {
  connected = here;
  const banner = byId("banner");
  banner.hidden = here && !now?.silent;
  say("banner", here ? "The line tells nothing. What is shown is old." : "No connection to the line. What is shown is old; trying again…");
  document.body.classList.toggle("stale", !banner.hidden);
  buttons();
}

export function setOperator(operator) {
  may = operator;
  byId("controls").hidden = !operator;
  for (const button of byId("controls").querySelectorAll("button")) {
    button.addEventListener("click", () => press(button));
  }
  setInterval(tick, 1000);
}

export function showNow(told) {
  now = told;
  toldAt = Date.now();
  document.body.dataset.state = told.state ?? "unknown";
  document.body.classList.toggle("warned", told.standing.length > 0);
  document.title = `${told.standing.length ? "⚠ " : ""}${told.state ?? "…"} · edge-sort`;
  say("state", told.state ?? "…");
  say("rate", told.parts_per_min.toFixed(told.parts_per_min < 10 ? 1 : 0));
  say("parts-count", told.parts.toLocaleString());
  say("frame-rate", told.frame_rate_hz.toFixed(1));
  say("belt", `${told.belt_mm_s.toFixed(0)} mm/s`);
  spread("latency", told.latency);
  spread("gate-error", told.gate_error);
  bins(told);
  standing(told.standing);
  setConnected(true);
  tick();
}

export function showIncidents(told) {
  byId("history-box").hidden = told.length === 0;
  say("history-count", String(told.length));
  keep(byId("history"), told, (one) => `${one.at} ${one.kind}`, () => {
    const item = make("li");
    item.append(make("time"), make("b"), make("span"));
    return item;
  }, (item, one) => {
    item.querySelector("time").textContent = clockTime(one.at);
    item.querySelector("b").textContent = plain(one.kind);
    const end = one.standing ? " · still so" : one.over_at ? ` · over at ${clockTime(one.over_at)}` : "";
    item.querySelector("span").textContent = `${one.cause}${end}`;
  });
}

function spread(id, told) {
  say(id, milliseconds(told.p50_ms));
  say(`${id}-more`, told.count ? `99 % within ${milliseconds(told.p99_ms)}, at most ${milliseconds(told.most_ms)}` : "");
}

function standing(told) {
  byId("all-well").hidden = told.length > 0;
  keep(byId("standing"), told, (one) => `${one.kind} ${one.cause}`, () => {
    const item = make("li");
    item.append(make("b"), make("p", "cause"), make("p", "remedy"));
    return item;
  }, (item, one) => {
    item.querySelector("b").textContent = plain(one.kind);
    item.querySelector(".cause").textContent = capital(one.cause);
    item.querySelector(".remedy").textContent = capital(one.remedy);
  });
}

function bins(told) {
  const counts = Object.entries(told.bins);
  const most = Math.max(1, ...counts.map(([, count]) => count));
  keep(byId("bins"), counts, ([name]) => name, () => {
    const item = make("li");
    item.append(make("span", "name"), make("span", "bar"), make("b"));
    return item;
  }, (item, [name, count]) => {
    const full = told.full_bins.includes(name);
    item.className = name === "reject" ? "reject" : "";
    item.classList.toggle("full", full);
    item.querySelector(".name").textContent = plain(name) + (full ? " (full)" : "");
    item.querySelector("b").textContent = count.toLocaleString();
    item.style.setProperty("--share", count / most);
  });
  const why = Object.entries(told.reasons).filter(([name]) => name !== "sorted").sort((one, other) => other[1] - one[1]);
  say("reasons", why.length ? `Rejected: ${why.map(([name, count]) => `${reason(name)} ${count}`).join(", ")}.` : "");
}

function tick() {
  if (!now) return;
  const lasts = lasting(now.state_for_s + (Date.now() - toldAt) / 1000);
  say("state-says", now.state ? `For ${lasts}. ${STATES[now.state]}` : "The line is starting.");
}

function buttons() {
  for (const button of byId("controls").querySelectorAll("button")) {
    button.disabled = !may || !connected || !now?.can.includes(button.dataset.command);
  }
  if (now && connected && !performance.getEntriesByName("usable").length) performance.mark("usable");
}

async function press(button) {
  const command = button.dataset.command;
  if (CONFIRM[command] && !button.classList.contains("sure")) {
    button.classList.add("sure");
    say("answer", CONFIRM[command]);
    setTimeout(() => {
      button.classList.remove("sure");
      if (byId("answer").textContent === CONFIRM[command]) say("answer", "");
    }, CONFIRM_MS);
    return;
  }
  button.classList.remove("sure");
  say("answer", "");
  try {
    await ask("/api/command", { command });
  } catch (problem) {
    say("answer", capital(problem.message));
  }
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
