/** Sending photos: one's own, or drawn samples. */

import { upload } from "./api.js";
import { el, icon } from "./dom.js";
import { SAMPLES, drawSample, sampleFile } from "./samples.js";
import { openSheet } from "./sheet.js";

/** Uploads files as one album (one event a photo). */
async function sendPhotos(phone, files) {
  await upload(`${phone.path}/photos`, "photos", files);
  phone.refresh();
}

function ownPhotos(phone, close, name, text, attributes) {
  const input = el("input", { type: "file", accept: "image/*,.heic,.heif", class: "sr", ...attributes });
  input.addEventListener("change", () => {
    const files = [...input.files];
    close();
    if (files.length) sendPhotos(phone, files);
  });
  return el("label", { class: "pick" }, icon(name), el("span", { text }), input);
}

function sampleButton(sample, chosen, changed) {
  const button = el("button", { type: "button", class: "sample", "aria-pressed": "false" });
  button.append(drawSample(sample.key, 0.2), el("span", { text: sample.title }), el("i", { class: "tick" }, icon("check")));
  button.addEventListener("click", () => {
    const on = !chosen.delete(sample.key);
    if (on) chosen.add(sample.key);
    button.setAttribute("aria-pressed", String(on));
    changed();
  });
  return button;
}

/** Opens the photo sheet: camera, album, and sample photos of which several may be sent at once. */
export function openPhotos(phone) {
  openSheet(phone.screen, "写真を送る", (close) => {
    const chosen = new Set();
    const send = el("button", { type: "button", class: "main", hidden: true });
    const changed = () => {
      send.hidden = chosen.size === 0;
      send.textContent = `${chosen.size}枚を送る`;
    };
    send.addEventListener("click", async () => {
      close();
      sendPhotos(phone, await Promise.all([...chosen].map(sampleFile)));
    });
    return [
      el("h3", { text: "見本の写真" }),
      el("p", { class: "sheet-note", text: "架空の書類と建物です。いくつ選んでもかまいません。" }),
      el("div", { class: "samples" }, SAMPLES.map((sample) => sampleButton(sample, chosen, changed))),
      el("h3", { text: "自分の写真" }),
      el("div", { class: "picks" },
        ownPhotos(phone, close, "camera", "カメラで撮る", { capture: "environment" }),
        ownPhotos(phone, close, "photo", "アルバムから選ぶ", { multiple: true })),
      send,
    ];
  });
}
