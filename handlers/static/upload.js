/**
 * File fields that send each chosen file at once, with progress, preview and another try.
 *
 * begin: POST {}    → {key, url, fields}     a form for one file, posted straight to where files are kept
 * take:  POST {key}  → {photos: [{url, name, remove}]}    judged and kept; `remove` is an address to POST {} to
 * Any of them may answer {error} with a sentence for the person. An "uploaded" event bubbles after each change.
 */
"use strict";

const MOST_BYTES = 10 * 1024 * 1024;
const PATIENCE = 15 * 60 * 1000;

/** The file or the person's rights do not allow it: another try of the same would end the same. */
class Refused extends Error {}

class Upload {
  constructor(root) {
    this.root = root;
    this.words = root.dataset;
    this.input = root.querySelector("input");
    this.fault = root.querySelector("[data-fault]");
    this.said = root.querySelector("[data-said]");
    this.bar = root.querySelector("progress");
    this.again = root.querySelector("[data-again]");
    this.list = root.querySelector("[data-shown]");
    this.waiting = [];
    this.busy = false;
    this.listen();
    this.makeRoom();
  }

  listen() {
    this.input.addEventListener("change", () => this.chosen());
    this.again.querySelector("button").addEventListener("click", () => this.run());
    this.list.addEventListener("click", (event) => {
      const button = event.target.closest("[data-remove]");
      if (button && !this.busy) this.remove(button);
    });
    this.input.form?.addEventListener("submit", (event) => {
      if (!this.busy && !this.waiting.length) return;
      event.preventDefault();
      this.blame(this.words.busy);
      this.input.focus();
    });
  }

  chosen() {
    this.waiting = [...this.input.files];
    this.input.value = "";
    if (this.waiting.length) this.run();
  }

  /** Sends what waits, one after the other; stops at a failure that another try may mend. */
  async run() {
    if (this.busy) return;
    this.begins();
    while (this.waiting.length) {
      const file = this.waiting[0];
      try {
        await this.send(file);
      } catch (error) {
        this.blame(error instanceof Refused ? `${file.name}：${error.message}` : this.words.failed);
        if (!(error instanceof Refused)) break;
      }
      this.waiting.shift();
    }
    this.ends();
  }

  async send(file) {
    if (this.room < 1) throw new Refused(this.words.enough);
    if (file.size > MOST_BYTES) throw new Refused(this.words.large);
    if (!file.size) throw new Refused(this.words.empty);
    this.progress(0);
    const form = await ask(this.words.begin, {});
    await post(form, file, (share) => this.progress(share));
    this.say(this.words.judging);
    const taken = await ask(this.words.take, { key: form.key });
    taken.photos.forEach((photo) => this.show(photo));
    this.say(this.words.done);
    this.changed();
  }

  show({ url, name, remove }) {
    const line = this.root.querySelector("template").content.firstElementChild.cloneNode(true);
    const button = line.querySelector("button");
    line.querySelector("img").src = url;
    line.querySelector("span").textContent = name;
    button.dataset.remove = remove;
    button.setAttribute("aria-label", `${name}を消す`);
    const held = [...this.list.querySelectorAll("[data-remove]")].find((other) => other.dataset.remove === remove);
    if (held) held.closest("li").replaceWith(line);
    else this.list.append(line);
  }

  async remove(button) {
    this.begins();
    try {
      await ask(button.dataset.remove, {});
      button.closest("li").remove();
      this.say(this.words.removed);
      this.changed();
    } catch (error) {
      this.blame(error instanceof Refused ? error.message : this.words.notRemoved);
    }
    this.ends();
    this.input.focus();
  }

  begins() {
    this.busy = true;
    this.root.setAttribute("aria-busy", "true");
    this.fault.textContent = "";
    this.say("");
    this.again.hidden = true;
    this.input.disabled = true;
  }

  ends() {
    this.busy = false;
    this.root.removeAttribute("aria-busy");
    this.bar.hidden = true;
    this.input.disabled = false;
    this.again.hidden = !this.waiting.length;
    this.makeRoom();
    if (!this.again.hidden) this.again.querySelector("button").focus();
  }

  get room() {
    return Number(this.words.most) - this.list.children.length;
  }

  /** A field that is full is put away; what must not happen is that a person chooses in vain. */
  makeRoom() {
    this.input.hidden = this.room < 1;
  }

  progress(share) {
    const percent = Math.round(share * 100);
    this.bar.hidden = false;
    this.bar.value = percent;
    this.say(`${this.words.sending}… ${Math.floor(percent / 20) * 20}%`);
  }

  say(words) {
    if (this.said.textContent !== words) this.said.textContent = words;
  }

  blame(words) {
    this.say("");
    this.fault.textContent = words;
  }

  changed() {
    this.root.dispatchEvent(new CustomEvent("uploaded", { bubbles: true }));
  }
}

/** Posts JSON; Refused with the server's sentence when it says no, any other error when it did not answer well. */
async function ask(address, body) {
  const answer = await fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const told = await answer.json();
  if (answer.ok) return told;
  throw answer.status < 500 && told.error ? new Refused(told.error) : new Error(String(answer.status));
}

/** Posts the file with its form; XMLHttpRequest, because fetch tells nothing of what has been sent. */
function post({ url, fields }, file, progress) {
  return new Promise((resolve, reject) => {
    const body = new FormData();
    Object.entries(fields).forEach(([name, value]) => body.append(name, value));
    body.append("file", file);
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.timeout = PATIENCE;
    request.upload.addEventListener("progress", (event) => event.lengthComputable && progress(event.loaded / event.total));
    request.addEventListener("load", () => (request.status < 300 ? resolve() : reject(new Error(String(request.status)))));
    for (const end of ["error", "abort", "timeout"]) request.addEventListener(end, () => reject(new Error(end)));
    request.send(body);
  });
}

document.querySelectorAll("[data-upload]").forEach((root) => new Upload(root));
