/** The page: the row of phones, the tabs on a small screen, and what keeps them up to date. */

import { get, listen } from "./api.js";
import { el } from "./dom.js";
import { hintFor } from "./hints.js";
import { Mailbox } from "./mailbox.js";
import { Phone } from "./phone.js";
import { register } from "./scanner.js";

const row = document.getElementById("phones");
const tabs = document.getElementById("tabs");
const phones = new Map();
const mailbox = new Mailbox();
const narrow = matchMedia("(max-width: 799px)");
let active = null;

function addPhone(info, official) {
  const phone = new Phone(info, official, (one, made) => reload(one?.id ?? null).then(() => made && reveal(phones.get(made))));
  phone.tab = el("button", { type: "button", on: { click: () => activate(phone) } });
  phones.set(phone.id, phone);
  register(phone);
  row.append(phone.node);
  tabs.append(phone.tab);
  if (!active) activate(phone);
}

function activate(phone) {
  active = phone;
  for (const one of phones.values()) {
    one.node.classList.toggle("active", one === phone);
    one.tab.setAttribute("aria-current", String(one === phone));
  }
  phone.tab.scrollIntoView({ block: "nearest", inline: "nearest" });
  requestAnimationFrame(() => phone.chat.sticks && phone.chat.toEnd());
  describe();
}

const shortName = ({ info }) => (info.caption || info.name).replace(/（.*）$/, "");

function describe() {
  const all = [...phones.values()];
  for (const phone of all) {
    phone.hint.textContent = hintFor(phone, all);
    if (!narrow.matches || phone === active) phone.look();
    const unread = phone.unread();
    phone.tab.replaceChildren(shortName(phone),
      unread ? el("span", { class: "badge" }, String(unread), el("span", { class: "sr", text: "件の未読" })) : "");
  }
}

function reveal(phone) {
  if (!phone) return;
  activate(phone);
  phone.node.scrollIntoView({ behavior: "smooth", inline: "center", block: "nearest" });
}

const running = new Map();

/** Runs the work for a key now, or once more when it is already running. */
function once(key, work) {
  const state = running.get(key) ?? { busy: null, again: false };
  running.set(key, state);
  if (state.busy) {
    state.again = true;
    return state.busy;
  }
  const run = async () => {
    do {
      state.again = false;
      await work();
    } while (state.again);
    state.busy = null;
  };
  state.busy = run();
  return state.busy;
}

async function reloadPhones() {
  const answer = await get("/phones");
  if (!answer) return;
  document.getElementById("waiting")?.remove();
  for (const info of answer.phones) {
    if (phones.has(info.user_id)) phones.get(info.user_id).update(info);
    else addPhone(info, answer.official);
  }
}

/** Brings one phone (or all, for null) and the mailbox up to date. */
async function reload(userId) {
  await once("phones", reloadPhones);
  const those = userId && phones.has(userId) ? [phones.get(userId)] : [...phones.values()];
  await Promise.all(those.map((phone) => once(phone.id, () => phone.refresh())));
  describe();
  once("mails", () => mailbox.refresh());
}

narrow.addEventListener("change", describe);
reload(null);
listen(reload);
