// Start here: who is it, then what the line tells.

import { ask } from "./ask.js";
import { byId, remember, remembered, say } from "./dom.js";
import * as parts from "./parts.js";
import { showPicture, watchPicture } from "./picture.js";
import * as state from "./state.js";
import { Stream } from "./stream.js";

const THEMES = { auto: "as the system", light: "light", dark: "dark" };

function setTheme(name) {
  document.documentElement.dataset.theme = name;
  byId("theme").setAttribute("aria-label", `Colours: ${THEMES[name]}`);
  byId("theme").title = `Colours: ${THEMES[name]}`;
  remember("theme", name);
}

function enter(problem = "") {
  byId("line").hidden = true;
  byId("entry").hidden = false;
  say("entry-problem", problem);
  byId("token").focus();
}

async function comeIn(token) {
  try {
    await ask("/api/login", { token });
    location.reload();
  } catch (problem) {
    enter(problem.message);
  }
}

function run(me) {
  byId("line").hidden = false;
  byId("leave").hidden = !me.asks;
  say("who", me.name ? `${me.name}, ${me.role}` : "");
  const operator = me.role === "operator";
  state.setOperator(operator);
  parts.setOperator(operator, operator && !me.asks);
  watchPicture();
  const listeners = {
    facts: (facts) => {
      say("run", `run ${facts.run} · ${facts.camera} camera`);
      parts.setFacts(facts);
    },
    now: state.showNow,
    incidents: state.showIncidents,
    parts: parts.showParts,
    picture: showPicture,
  };
  new Stream(listeners, state.setConnected, () => location.reload()).open();
}

async function start() {
  const names = Object.keys(THEMES);
  setTheme(names.includes(remembered("theme")) ? remembered("theme") : "auto");
  byId("theme").addEventListener("click", () => {
    setTheme(names[(names.indexOf(document.documentElement.dataset.theme) + 1) % names.length]);
  });
  byId("entry-form").addEventListener("submit", (event) => {
    event.preventDefault();
    comeIn(byId("token").value);
  });
  byId("leave").addEventListener("click", async () => {
    await ask("/api/logout", {}).catch(() => null);
    location.reload();
  });
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    history.replaceState(null, "", "/"); // it must not stay in the address line
    await comeIn(given);
    return;
  }
  try {
    const me = await ask("/api/me");
    if (me.role) run(me);
    else enter();
  } catch (problem) {
    byId("banner").hidden = false;
    say("banner", problem.message);
    setTimeout(() => location.reload(), 3000);
  }
}

start();
