/** Building DOM without ever parsing data as HTML. */

const SVG = "http://www.w3.org/2000/svg";
const URL_IN_TEXT = /https?:\/\/[^\s<>"'「」『』（）、。]+/g;

/** el("button", {class, text, on: {click}, style: {…}, any other attribute}, …children) → element. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "class") node.className = value;
    else if (key === "text") node.textContent = value;
    else if (key === "on") for (const [event, run] of Object.entries(value)) node.addEventListener(event, run);
    else if (key === "style") Object.assign(node.style, value);
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** An icon of the sprite in the page, hidden from screen readers. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

/** Text with its web addresses turned into links; onLink(url, event) may take a click over. */
export function linkify(text, onLink = null) {
  const parts = document.createDocumentFragment();
  let end = 0;
  for (const found of text.matchAll(URL_IN_TEXT)) {
    parts.append(text.slice(end, found.index), linkTo(found[0], found[0], onLink));
    end = found.index + found[0].length;
  }
  parts.append(text.slice(end));
  return parts;
}

/** A link to a web address, in a new tab. */
export function linkTo(url, label, onLink = null, className = "") {
  const link = el("a", { href: url, target: "_blank", rel: "noopener", text: label, class: className });
  if (onLink) link.addEventListener("click", (event) => onLink(url, event));
  return link;
}

const TIME = new Intl.DateTimeFormat("ja-JP", { timeZone: "Asia/Tokyo", hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat("ja-JP", {
  timeZone: "Asia/Tokyo", month: "long", day: "numeric", weekday: "short",
});

/** "09:05" in Japan. */
export const clock = (date) => TIME.format(date);

/** "11月21日(土)" in Japan. */
export const day = (date) => DAY.format(date);
