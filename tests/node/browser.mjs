/** The little of a browser that LINE's SDK looks at when it is loaded. */

class Kept {
  #values = new Map();
  getItem(key) {
    return this.#values.get(key) ?? null;
  }
  setItem(key, value) {
    this.#values.set(key, String(value));
  }
  removeItem(key) {
    this.#values.delete(key);
  }
}

export const keptInMemory = () => new Kept();

Object.assign(globalThis, {
  window: globalThis,
  sessionStorage: keptInMemory(),
  location: new URL("https://pages.example/p/form/token"),
});
globalThis.navigator ??= { userAgent: "Node.js" };
