// What the line tells, as it changes. Nothing is kept open while nobody looks.

import { ask } from "./ask.js";

const AGAIN_MS = 1000;
const SILENT_MS = 12000; // the page tells something every 5 s at least

export class Stream {
  constructor(listeners, connected, refused) {
    Object.assign(this, { listeners, connected, refused, source: null, again: 0, heardAt: 0 });
    document.addEventListener("visibilitychange", () => (document.hidden ? this.close() : this.open()));
    window.addEventListener("pagehide", () => this.close());
    setInterval(() => this.check(), 2000);
  }

  open() {
    this.close();
    if (document.hidden) return;
    const source = new EventSource("/api/events");
    this.source = source;
    this.heardAt = Date.now();
    source.onopen = () => this.connected(true);
    source.onerror = () => this.failed(source);
    for (const [name, listener] of Object.entries(this.listeners)) {
      source.addEventListener(name, (event) => {
        this.heardAt = Date.now();
        listener(JSON.parse(event.data));
      });
    }
  }

  close() {
    clearTimeout(this.again);
    this.source?.close();
    this.source = null;
  }

  check() {
    if (this.source && Date.now() - this.heardAt > SILENT_MS) this.failed(this.source);
  }

  async failed(source) {
    if (source !== this.source) return;
    this.close();
    this.connected(false);
    const me = await ask("/api/me").catch(() => null);
    if (me && !me.role) this.refused();
    else this.again = setTimeout(() => this.open(), AGAIN_MS);
  }
}
