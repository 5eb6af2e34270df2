/**
 * What the pages of a visit share: where the phone is (Locator), acts that get through a bad network (Outbox), and the
 * way into the phone's own browser (BrowserLink).
 *
 *   import { Locator, Outbox } from "./visit.js";
 *
 *   const locator = new Locator(document.querySelector("[data-locator]"));   // the macro of web/locate.html
 *   const fix = await locator.find();      // {latitude, longitude, accuracy}, or null when the person gave up;
 *                                          // far, rough, refused permission, another try: talked over in the macro
 *   const outbox = new Outbox();
 *   const act = outbox.keep({ subject: "in:<dispatch id>", url, body: { ...fix, … } });   // on the phone from here on
 *   const told = await outbox.send(act);   // {state: "sent" | "kept" | "refused" | "closed", answer}
 *   outbox.watch((act, told) => …, { [subject]: url });   // sends what waits: now, online again, shown again, by and by
 *
 * keep() gives an act its nonce and its time. One act a subject: a second keep() returns the first, so that a double tap
 * counts once. The server is sent {...body, nonce, phone_at, waited} (ISO 8601; milliseconds kept on the phone), which
 * handlers.web.acts.read understands. "refused" (400, 409, 413, 422) is final and drops the act; "closed" (401, 403,
 * 404, 410: the link is over) keeps it for the same page opened by a new link; "kept" is tried again.
 * A page needs locate_head() of the macro's file and the header of handlers.headers.let_locate.
 */

const QUEUE = "chusho119-acts";
const DROPPED_AFTER = 36 * 3600 * 1000;
const ANSWER_WITHIN = 20_000;
const RETRY_FIRST = 3_000;
const RETRY_MOST = 60_000;
const FRESH_FOR = 10 * 60 * 1000;
const FINAL = [400, 409, 413, 422];
const CLOSED = [401, 403, 404, 410];

const GIVE_UP_AFTER = 25_000;
const ROUGH_AFTER = 12_000;
const FAR_AFTER = 1_500;
const STALE_AFTER = 10_000;
const OPTIONS = { enableHighAccuracy: true, maximumAge: 0, timeout: GIVE_UP_AFTER };
const DENIED = 1;

/** What is said of an act that waits on this phone; the second where the phone keeps nothing beyond this page. */
export const KEPT = "電波がないため、まだ送れていません。電波がもどると自動で送ります。この画面を閉じたときは、もう一度開くと送ります。";
export const KEPT_HERE = "電波がないため、まだ送れていません。この端末では保存を続けられないので、送り終わるまでこの画面を閉じないでください。";

/** "ios-line", "ios", "android-line", "android" or "other": where the permission is given differs. */
export function phoneKind(agent = navigator.userAgent, fingers = navigator.maxTouchPoints) {
  const line = / Line\//i.test(agent) ? "-line" : "";
  if (/iPhone|iPad|iPod/.test(agent) || (/Macintosh/.test(agent) && fingers > 1)) return `ios${line}`;
  if (/Android/.test(agent)) return `android${line}`;
  return "other";
}

/** Metres along the ground, good to half a percent; the server has the last word. */
export function metresBetween(here, there) {
  const rad = Math.PI / 180;
  const a = Math.sin(((there.latitude - here.latitude) * rad) / 2) ** 2;
  const b = Math.sin(((there.longitude - here.longitude) * rad) / 2) ** 2;
  const both = a + b * Math.cos(here.latitude * rad) * Math.cos(there.latitude * rad);
  return Math.round(2 * 6_371_000 * Math.asin(Math.sqrt(Math.min(1, both))));
}

/** 85m, 2.4km, 12km: as models/rules/place.py says it. */
export function distanceWords(metres) {
  if (metres < 1000) return `${Math.round(metres)}m`;
  return metres < 10_000 ? `${(metres / 1000).toFixed(1)}km` : `${Math.round(metres / 1000).toLocaleString("ja-JP")}km`;
}

/** 13:02, by the clock in Japan. */
export function clockWords(moment) {
  return new Intl.DateTimeFormat("ja-JP", { timeZone: "Asia/Tokyo", hour: "2-digit", minute: "2-digit" }).format(moment);
}

function nonce() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Posts JSON; null when no answer came in time. */
export async function post(url, body) {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), ANSWER_WITHIN);
  try {
    const headers = { "Content-Type": "application/json" };
    return await fetch(url, { method: "POST", headers, body: JSON.stringify(body), signal: patience.signal });
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

/** The link into the phone's own browser opens for a quarter of an hour only, so that a newer one is asked for. */
export class BrowserLink {
  constructor(link, url) {
    this.link = link;
    this.url = url;
    this.made = Date.now();
  }

  async renew() {
    if (!this.link || Date.now() - this.made < FRESH_FOR) return;
    const response = await post(this.url, {});
    const answer = response?.ok ? await response.json().catch(() => null) : null;
    if (!answer) return;
    this.link.href = answer.link;
    this.made = Date.now();
  }
}

/** Acts kept on this phone until the server has them. `lasts`: whether they outlive this page. */
export class Outbox {
  constructor(storage = storageOf()) {
    this.storage = storage;
    this.lasts = Boolean(storage);
    this.memory = [];
    this.sending = new Map();
    this.wait = RETRY_FIRST;
  }

  /** Everything that waits, the oldest first. */
  all() {
    if (!this.storage) return this.memory;
    try {
      const kept = JSON.parse(this.storage.getItem(QUEUE) ?? "[]");
      return Array.isArray(kept) ? kept.filter((act) => act.nonce && Date.now() - act.at < DROPPED_AFTER) : [];
    } catch {
      return [];
    }
  }

  /** What waits for a subject, or undefined. */
  of(subject) {
    return this.all().find((act) => act.subject === subject);
  }

  keep({ subject, url, body, label = "" }) {
    const held = this.of(subject);
    if (held) return held;
    const act = { subject, url, body, label, nonce: nonce(), at: Date.now() };
    this.write([...this.all(), act]);
    return act;
  }

  drop(act) {
    this.write(this.all().filter((other) => other.nonce !== act.nonce));
  }

  write(acts) {
    this.memory = acts;
    if (!this.storage) return;
    try {
      this.storage.setItem(QUEUE, JSON.stringify(acts));
    } catch {
      this.storage = null;
      this.lasts = false;
    }
  }

  /** Two calls for one act are one request; one that did not get through is tried again if the outbox is watched. */
  send(act, url = act.url) {
    if (!this.sending.has(act.nonce)) {
      const sent = this.post(act, url).finally(() => this.sending.delete(act.nonce));
      this.sending.set(act.nonce, sent);
      sent.then(({ state }) => state === "kept" && this.later?.());
    }
    return this.sending.get(act.nonce);
  }

  async post(act, url) {
    const body = { ...act.body, nonce: act.nonce, phone_at: new Date(act.at).toISOString() };
    const waited = Math.max(0, Date.now() - act.at);
    const response = await post(url, { ...body, waited });
    if (!response) return { state: "kept", answer: {} };
    const answer = await response.json().catch(() => null);
    if (response.ok && answer) {
      this.drop(act);
      return { state: "sent", answer };
    }
    if (FINAL.includes(response.status)) {
      this.drop(act);
      return { state: "refused", answer: answer ?? {} };
    }
    return { state: CLOSED.includes(response.status) ? "closed" : "kept", answer: answer ?? {} };
  }

  /** Sends all that waits, each by the newest link there is to it (`urls` by subject). */
  async flush(urls = {}) {
    const told = [];
    for (const act of this.all()) told.push([act, await this.send(act, urls[act.subject] ?? act.url)]);
    return told;
  }

  /** Calls told(act, outcome) for each try; returns a function that tries at once. */
  watch(told, urls = {}) {
    let timer = 0;
    const round = async () => {
      clearTimeout(timer);
      this.wait = Math.min(this.wait * 2, RETRY_MOST);
      for (const [act, outcome] of await this.flush(urls)) told(act, outcome);
    };
    const soon = () => {
      this.wait = RETRY_FIRST / 2;
      return round();
    };
    this.later = () => {
      clearTimeout(timer);
      timer = setTimeout(round, this.wait);
    };
    addEventListener("online", soon);
    addEventListener("pageshow", (event) => event.persisted && soon());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && soon());
    soon();
    return soon;
  }
}

function storageOf() {
  try {
    localStorage.setItem(`${QUEUE}-try`, "1");
    localStorage.removeItem(`${QUEUE}-try`);
    return localStorage;
  } catch {
    return null;
  }
}

/** Finds the phone and talks the person through it. One find() at a time; a second call returns the first. */
export class Locator {
  constructor(root) {
    this.root = root;
    this.limits = { radius: Number(root.dataset.radius), accuracy: Number(root.dataset.accuracy) };
    const { latitude, longitude } = root.dataset;
    this.place = latitude ? { latitude: Number(latitude), longitude: Number(longitude) } : null;
    this.asked = null;
    const on = (name, act) => root.querySelector(`[data-do="${name}"]`).addEventListener("click", act);
    on("use", () => this.best && this.end(this.best));
    on("again", () => this.start());
    on("stop", () => this.end(null));
    for (const help of root.querySelectorAll("[data-phone]")) help.hidden = help.dataset.phone !== phoneKind();
  }

  find() {
    this.asked ??= new Promise((resolve) => {
      this.resolve = resolve;
      this.start();
    });
    return this.asked;
  }

  start() {
    this.halt();
    this.best = null;
    this.begun = Date.now();
    this.root.hidden = false;
    this.show("measuring");
    this.draw(null);
    if (!("geolocation" in navigator)) return this.fail("missing");
    this.clock = setInterval(() => this.weigh(), 500);
    const refused = (error) => (error.code === DENIED ? this.fail("denied") : this.weigh());
    this.watching = navigator.geolocation.watchPosition((position) => this.met(position), refused, OPTIONS);
  }

  met({ coords: { latitude, longitude, accuracy } }) {
    const fix = { latitude, longitude, accuracy: Math.round(accuracy) };
    const old = Date.now() - this.bestAt > STALE_AFTER;
    if (!this.best || old || fix.accuracy <= this.best.accuracy) [this.best, this.bestAt] = [fix, Date.now()];
    this.first ??= Date.now();
    this.draw(this.best);
    this.weigh();
  }

  /** Good enough ends it; far away, rough or nowhere is talked over once it is certain. */
  weigh() {
    const fix = this.best;
    const since = Date.now() - this.begun;
    if (!fix) return since > GIVE_UP_AFTER ? this.fail("unavailable") : undefined;
    const away = this.away(fix);
    const sharp = fix.accuracy <= this.limits.accuracy;
    if (sharp && (away === null || away <= this.limits.radius)) return this.end(fix);
    if (sharp && Date.now() - this.first > FAR_AFTER) return this.choose("far");
    return since > ROUGH_AFTER ? this.choose("rough") : undefined;
  }

  away(fix) {
    return this.place && metresBetween(fix, this.place);
  }

  choose(what) {
    if (this.shown !== what) this.show(what);
  }

  fail(code) {
    this.halt();
    this.show(code);
  }

  halt() {
    clearInterval(this.clock);
    if (this.watching !== undefined) navigator.geolocation.clearWatch(this.watching);
    this.watching = this.first = undefined;
  }

  end(fix) {
    this.halt();
    this.root.hidden = true;
    const resolve = this.resolve;
    this.asked = this.resolve = this.shown = null;
    resolve?.(fix);
  }

  /** The parts of the macro that belong to a state: measuring, far, rough, denied, unavailable or missing. */
  show(state) {
    this.shown = state;
    for (const part of this.root.querySelectorAll("[data-when]")) part.hidden = !part.dataset.when.split(" ").includes(state);
    const main = ["denied", "unavailable"].includes(state);
    this.root.querySelector('[data-do="again"]').classList.toggle("main-button", main);
    if (state !== "measuring") this.root.querySelector(`[data-when~="${state}"]`).focus();
    this.root.dispatchEvent(new CustomEvent("located", { detail: state, bubbles: true }));
  }

  /** The place with its radius in the middle, and the phone with the circle it may be in; to scale, north up. */
  draw(fix) {
    const away = fix && this.away(fix);
    const say = this.root.querySelector("[data-fix]");
    const parts = fix ? [`誤差 約${distanceWords(fix.accuracy)}`] : ["現在地を調べています…"];
    if (fix && this.place) parts.unshift(`支援場所から${distanceWords(away)}`);
    say.textContent = parts.join("・");
    const { dx, dy, scale } = this.scaled(fix, away);
    const set = (name, values) => {
      for (const [key, value] of Object.entries(values)) this.root.querySelector(`[data-draw="${name}"]`).setAttribute(key, value);
    };
    set("radius", { r: this.place ? this.limits.radius * scale : 0 });
    set("place", { r: this.place ? 4 : 0 });
    set("circle", { cx: dx, cy: dy, r: fix ? Math.max(5, fix.accuracy * scale) : 0 });
    set("phone", { cx: dx, cy: dy, r: fix ? 5 : 0 });
  }

  scaled(fix, away) {
    const reach = Math.max(this.place ? this.limits.radius : 0, (fix?.accuracy ?? 0) + (away ?? 0), 50);
    const scale = 92 / reach;
    if (!fix || !this.place) return { dx: 0, dy: 0, scale };
    const north = (fix.latitude - this.place.latitude) * 111_195;
    const east = (fix.longitude - this.place.longitude) * 111_195 * Math.cos((this.place.latitude * Math.PI) / 180);
    return { dx: east * scale, dy: -north * scale, scale };
  }
}
