/** LINE Flex Messages: bubbles and carousels. */

import { actionElement, nameOf } from "./actions.js";
import { el } from "./dom.js";
import { colour, decorate, imageSize, place, put, readableOn, space, textSize } from "./flexstyle.js";

const BUBBLES = { nano: 140, micro: 180, deca: 220, hecto: 241, kilo: 260, mega: 300, giga: 386 };
const PARTS = ["header", "hero", "body", "footer"];
const PADDING = { header: "16px", body: "16px", footer: "12px" };

/** The element for a Flex message's contents (a bubble or a carousel of bubbles). */
export function flex(phone, contents) {
  if (contents.type !== "carousel") return bubble(phone, contents);
  return el("div", { class: "carousel", role: "group", "aria-label": "横に並ぶカード", tabindex: "0" },
    (contents.contents ?? []).map((one) => bubble(phone, one, "260px")));
}

function bubble(phone, card, most = "100%") {
  const node = el("div", { class: "flex-bubble" });
  put(node, { width: `min(${BUBBLES[card.size] ?? BUBBLES.mega}px, ${most})` });
  for (const part of PARTS) if (card[part]) node.append(section(phone, card, part));
  return card.action ? clickable(phone, node, card.action) : node;
}

function section(phone, card, part) {
  const style = card.styles?.[part] ?? {};
  const node = el("div", { class: `flex-${part}` });
  put(node, { backgroundColor: colour(style.backgroundColor) });
  if (style.separator) put(node, { borderTop: `1px solid ${colour(style.separatorColor) ?? "#d5d9e0"}` });
  const content = card[part];
  const child = component(phone, content, { layout: "vertical" }, true);
  if (content.type === "box" && !content.paddingAll) {
    const sides = { paddingTop: content.paddingTop, paddingBottom: content.paddingBottom,
      paddingLeft: content.paddingStart, paddingRight: content.paddingEnd };
    for (const [side, own] of Object.entries(sides)) if (!own) child.style[side] = PADDING[part] ?? "0";
  }
  node.append(child);
  return node;
}

const DRAW = { box, text, button, image, separator, icon: glyph, span, filler: blank, spacer: blank, video: still };

function component(phone, item, parent, isFirst) {
  const draw = Object.hasOwn(DRAW, item.type) ? DRAW[item.type] : unknown;
  const node = draw(phone, item, parent);
  place(node, item, parent, isFirst);
  return node;
}

function box(phone, item) {
  const layout = ["horizontal", "baseline"].includes(item.layout) ? item.layout : "vertical";
  const node = el("div", { class: `box ${layout}` });
  decorate(node, item);
  (item.contents ?? []).forEach((child, i) => node.append(component(phone, child, { ...item, layout }, i === 0)));
  return item.action ? clickable(phone, node, item.action) : node;
}

/** Lays an invisible button over the node, so that buttons within stay buttons of their own. */
function clickable(phone, node, action) {
  const cover = actionElement(phone, action, "cover");
  cover.setAttribute("aria-label", action.label || node.textContent.trim() || nameOf(action));
  node.classList.add("covered");
  node.append(cover);
  return node;
}

function wording(node, item) {
  put(node, {
    color: colour(item.color),
    fontSize: item.size ? textSize(item.size) : undefined,
    fontWeight: item.weight === "bold" ? "700" : undefined,
    fontStyle: item.style === "italic" ? "italic" : undefined,
    textDecoration: { underline: "underline", "line-through": "line-through" }[item.decoration],
  });
}

function text(phone, item) {
  const node = el("p", { class: "flex-text" });
  wording(node, item);
  put(node, {
    fontSize: textSize(item.size), textAlign: { center: "center", end: "end" }[item.align],
    whiteSpace: item.wrap ? "pre-wrap" : undefined,
    lineHeight: item.lineSpacing ? `calc(1.35em + ${space(item.lineSpacing) ?? "0px"})` : undefined,
  });
  if (item.wrap) node.classList.add("wraps");
  if (item.maxLines > 0) put(node, { webkitLineClamp: String(item.maxLines), display: "-webkit-box" });
  if (item.contents?.length) node.append(...item.contents.map((part) => span(phone, part)));
  else node.textContent = item.text ?? "";
  return item.action ? clickable(phone, node, item.action) : node;
}

function span(_phone, item) {
  const node = el("span", { text: item.text ?? "" });
  wording(node, item);
  return node;
}

function button(phone, item) {
  const style = ["primary", "secondary"].includes(item.style) ? item.style : "link";
  const height = item.height === "sm" ? "low" : "high";
  const node = actionElement(phone, item.action ?? {}, `flex-button ${style} ${height}`);
  node.append(item.action?.label ?? "");
  const tone = colour(item.color);
  if (tone && style === "link") put(node, { color: tone });
  if (tone && style === "primary") put(node, { backgroundColor: tone, color: readableOn(tone) });
  if (tone && style === "secondary") put(node, { backgroundColor: tone, color: readableOn(tone) });
  return node;
}

function ratioOf(value) {
  const found = /^(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)$/.exec(value ?? "1:1");
  return found ? `${found[1]} / ${found[2]}` : "1 / 1";
}

function image(phone, item, parent) {
  const size = parent.layout === "vertical" || item.size ? imageSize(item.size ?? "md") : "100%";
  const picture = el("img", { src: item.url, alt: item.action ? nameOf(item.action) : "", loading: "lazy" });
  const node = el("div", { class: "flex-image" }, picture);
  put(node, {
    width: size, maxWidth: "100%", aspectRatio: ratioOf(item.aspectRatio), backgroundColor: colour(item.backgroundColor),
    marginInline: { start: "0 auto", end: "auto 0" }[item.align] ?? "auto",
  });
  put(picture, { objectFit: item.aspectMode === "cover" ? "cover" : "contain" });
  return item.action ? clickable(phone, node, item.action) : node;
}

function still(phone, item, parent) {
  return image(phone, { ...item, url: item.previewUrl, size: "full", aspectMode: "cover" }, parent);
}

function separator(_phone, item, parent) {
  const node = el("div", { class: parent.layout === "vertical" ? "rule" : "rule upright", role: "presentation" });
  put(node, { backgroundColor: colour(item.color) });
  return node;
}

function glyph(_phone, item) {
  const node = el("img", { class: "flex-icon", src: item.url, alt: "" });
  put(node, { height: textSize(item.size) });
  return node;
}

function blank(_phone, item) {
  const node = el("div", { class: item.type === "filler" ? "filler" : "" });
  if (item.type === "spacer") put(node, { height: space(item.size ?? "md") });
  else item.flex ??= 1;
  return node;
}

function unknown(_phone, item) {
  return el("p", { class: "flex-text", text: `（表示できない部品：${item.type}）` });
}
