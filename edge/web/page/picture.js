// The live picture. The next frame is asked for when the last one is here, so a slow network sees fewer of them.

import { byId } from "./dom.js";
import { percent, plain, reason } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const OLD_MS = 3000;
let waiting = null;
let loading = false;
let shownAt = 0;

export function showPicture(picture) {
  waiting = picture;
  if (!loading) load();
}

export function watchPicture() {
  setInterval(() => {
    const old = Date.now() - shownAt > OLD_MS;
    byId("picture").classList.toggle("old", old);
    byId("no-picture").textContent = shownAt ? "No new picture" : "Waiting for a picture…";
    if (loading && old) loading = false; // that one never came
  }, 1000);
}

function load() {
  const picture = waiting;
  waiting = null;
  if (!picture) return;
  loading = true;
  const next = byId("frame").cloneNode(); // takes the old one's place when it is whole, so that nothing flickers
  const done = (here) => {
    next.onload = next.onerror = null;
    loading = false;
    if (here) {
      shownAt = Date.now();
      byId("frame").replaceWith(next);
      byId("picture").classList.remove("old");
      draw(picture);
    }
    load();
  };
  next.onload = () => done(true);
  next.onerror = () => done(false);
  next.src = picture.source;
}

function draw(picture) {
  const boxes = byId("boxes");
  boxes.setAttribute("viewBox", `0 0 ${picture.width} ${picture.height}`);
  byId("frame").width = picture.width;
  byId("frame").height = picture.height;
  boxes.replaceChildren();
  for (const box of picture.boxes) boxes.append(boxOf(box));
  for (const group of boxes.children) place(group, picture); // the width of a text is known once it is in the page
}

function boxOf(box) {
  const group = document.createElementNS(SVG, "g");
  group.setAttribute("class", box.bin === "" ? "open" : box.bin === "reject" ? "reject" : "sorted");
  const [x, y, right, bottom] = box.place;
  const text = shape("text", {});
  text.textContent = wordsOf(box);
  group.append(shape("rect", { x, y, width: right - x, height: bottom - y, rx: 3 }), shape("rect", { class: "plate", rx: 3 }), text);
  group.box = box.place;
  return group;
}

function place(group, picture) {
  const [, plate, text] = group.children;
  const [left, top, , bottom] = group.box;
  const size = Math.max(11, picture.width / 34);
  text.setAttribute("font-size", size);
  const wide = text.getComputedTextLength() + size * 0.6;
  const x = Math.min(Math.max(left, 2), Math.max(2, picture.width - wide - 2));
  const y = top > size * 1.7 ? top - size * 0.45 : Math.min(bottom + size * 1.25, picture.height - size * 0.5);
  set(plate, { x, y: y - size * 1.05, width: wide, height: size * 1.4 });
  set(text, { x: x + size * 0.3, y });
}

function wordsOf(box) {
  if (box.bin === "") return "…";
  if (box.bin === "reject") return `reject: ${reason(box.reason)}`;
  return `${plain(box.label)} ${percent(box.score)}`;
}

function shape(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  set(element, attributes);
  return element;
}

function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
}
