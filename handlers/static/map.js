/* Maps: every [data-points] becomes one. Points with words and circles in metres; with data-pick a pin that the input of
   that id holds as "latitude,longitude". What is on the map is also said in words beside it. */
"use strict";

const JAPAN = [36.2, 137.6];
const CLOSEST = 18;
const NEAR = 16;
const LABEL = 150;
const COLOUR = { place: "#1a1f26", in: "#0b5cad", out: "#a83200" };

function icon(kind) {
  return L.divIcon({ className: `map-mark ${kind}`, iconSize: [22, 22] });
}

function opened(box, picking) {
  const map = L.map(box, {
    attributionControl: false,
    zoomControl: false,
    maxZoom: CLOSEST,
    scrollWheelZoom: picking,
    dragging: picking || !L.Browser.mobile,
    zoomAnimation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
  });
  L.control.zoom({ position: "bottomright", zoomInTitle: "大きく", zoomOutTitle: "小さく" }).addTo(map);
  L.control.scale({ imperial: false, maxWidth: 120 }).addTo(map);
  if (box.dataset.tiles) {
    L.tileLayer(box.dataset.tiles, { maxZoom: CLOSEST, referrerPolicy: "strict-origin" }).addTo(map);
  }
  return map;
}

function draw(map, points) {
  const bounds = L.latLngBounds([]);
  for (const point of points) {
    bounds.extend(L.latLng(point.latitude, point.longitude).toBounds(Math.max(2 * point.around, 60)));
  }
  map.fitBounds(bounds, { padding: [36, 36], maxZoom: CLOSEST - 1, animate: false });
  points.forEach((point) => put(map, point));
}

function put(map, { kind, label, latitude, longitude, around }) {
  const at = L.latLng(latitude, longitude);
  if (around) {
    L.circle(at, { radius: around, interactive: false, color: COLOUR[kind], weight: 2, fillOpacity: 0.08 }).addTo(map);
  }
  L.marker(at, { icon: icon(kind), keyboard: false, interactive: false })
    .addTo(map)
    .bindTooltip(label, { permanent: true, ...labelled(map, kind, at) });
}

/** Where a label stands: above the place, left of a check-in, right of a check-out, unless that is off the map. */
function labelled(map, kind, at) {
  if (kind === "place") return { direction: "top", offset: [0, -12] };
  const { x } = map.latLngToContainerPoint(at);
  const right = kind === "out" ? x + LABEL < map.getSize().x : x < LABEL;
  const lower = right === (kind === "out") ? 4 : 38;
  return right ? { direction: "right", offset: [12, lower] } : { direction: "left", offset: [-12, lower] };
}

function typed(input) {
  const [latitude, longitude] = input.value.split(",").map(Number);
  return input.value && Number.isFinite(latitude) && Number.isFinite(longitude) ? L.latLng(latitude, longitude) : null;
}

/** A pin that can be put, dragged and taken away; the input holds where it is. */
function pick(map, input) {
  let pin = null;
  let telling = false;

  function show(at) {
    if (pin && at) pin.setLatLng(at);
    else if (at) {
      pin = L.marker(at, { icon: icon("pin"), draggable: true, autoPan: true, title: "ピン", alt: "ピン" }).addTo(map);
      pin.on("dragend", () => tell(pin.getLatLng()));
    } else if (pin) {
      pin.remove();
      pin = null;
    }
  }

  function tell(at) {
    const point = at && at.wrap();
    show(point);
    input.value = point ? `${point.lat.toFixed(6)},${point.lng.toFixed(6)}` : "";
    telling = true;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    telling = false;
  }

  function follow() {
    const at = typed(input);
    show(at);
    if (at) map.setView(at, Math.max(map.getZoom() || 0, NEAR), { animate: false });
  }

  map.setView(JAPAN, 5);
  follow();
  map.on("click", (event) => tell(event.latlng));
  input.addEventListener("change", () => telling || follow());
  const on = (name, act) =>
    document.querySelectorAll(`[data-map-${name}="${input.id}"]`).forEach((button) => button.addEventListener("click", act));
  on("put", () => tell(map.getCenter()));
  on("clear", () => tell(null));
}

function start(box) {
  if (!window.L) {
    box.classList.add("failed");
    box.textContent = "地図を表示できませんでした。ページをもう一度開いてください。";
    return;
  }
  const input = document.getElementById(box.dataset.pick || "");
  const points = JSON.parse(box.dataset.points);
  if (!input && !points.length) return;
  const map = opened(box, Boolean(input));
  if (input) pick(map, input);
  else draw(map, points);
  new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(box);
}

document.querySelectorAll(".map[data-points]").forEach(start);
