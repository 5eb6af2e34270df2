/** The calls to the stand-in's server. A failure becomes a sentence on the page, and null here. */

import { el } from "./dom.js";

const BASE = "/phones/api";
const OFFLINE = "サーバーにつながりません。make run の画面が動いているか確かめて、もう一度お試しください。";
let offlineShown = false;

/** A short notice at the foot of the page: kind "info" or "error". */
export function toast(text, kind = "info") {
  const note = el("div", { class: `toast ${kind}`, text });
  const shelf = document.getElementById("toasts");
  shelf.append(note);
  if (shelf.matches(":popover-open")) shelf.hidePopover();
  shelf.showPopover();
  setTimeout(() => note.remove(), kind === "error" ? 8000 : 4000);
}

async function sentence(response) {
  const body = await response.json().catch(() => null);
  const said = body?.error;
  if (typeof said === "string" && said) return said;
  if (response.status === 413) return "ファイルが大きすぎて送れませんでした。10MBまでのファイルを選んでください。";
  if (response.status === 404) return "対象が見つかりませんでした。画面を読み込み直してください。";
  return `送れませんでした（エラー ${response.status}）。もう一度お試しください。`;
}

async function call(path, options, quiet) {
  let response;
  try {
    response = await fetch(BASE + path, { cache: "no-store", ...options });
  } catch {
    if (!quiet || !offlineShown) toast(OFFLINE, "error");
    offlineShown = true;
    return null;
  }
  offlineShown = false;
  if (!response.ok) {
    if (!quiet) toast(await sentence(response), "error");
    return null;
  }
  return (await response.json().catch(() => null)) ?? {};
}

/** GET; quiet (for what runs again by itself) says it is offline once, and nothing else. */
export const get = (path, quiet = true) => call(path, {}, quiet);

/** POST of JSON. */
export const post = (path, body = {}) =>
  call(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

/** POST of files under one field name. */
export function upload(path, field, files) {
  const form = new FormData();
  for (const file of files) form.append(field, file, file.name);
  return call(path, { method: "POST", body: form });
}

/** Calls changed(userId | null) on each event of the server; asks every 3 s while the stream is down. */
export function listen(changed) {
  let timer = null;
  const poll = (on) => {
    if (on && timer === null) timer = setInterval(() => changed(null), 3000);
    if (!on && timer !== null) timer = clearInterval(timer) ?? null;
  };
  const connect = () => {
    const stream = new EventSource(`${BASE}/events`);
    stream.onopen = () => { poll(false); changed(null); };
    stream.onmessage = (event) => changed(userOf(event.data));
    stream.onerror = () => {
      poll(true);
      if (stream.readyState === EventSource.CLOSED) setTimeout(connect, 5000);
    };
  };
  connect();
}

function userOf(data) {
  try {
    return JSON.parse(data).user_id ?? null;
  } catch {
    return null;
  }
}
