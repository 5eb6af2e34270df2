/** handlers/static/liff.js with LINE's own mock of its SDK, against an HTTP server that answers as ours does. */

import "./browser.mjs";

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, beforeEach, test } from "node:test";

import { keptInMemory } from "./browser.mjs";

const { default: sdk } = await import("@line/liff");
const { LiffMockPlugin } = await import("@line/liff-mock");
const { prove } = await import("../../handlers/static/liff.js");

const LIFF_ID = "1234567890-AbcdEfgh";
const HERE = "https://pages.example/p/form/token";
const WORDS = { line: "LINEに確認できませんでした。", lost: "通信が途切れました。", scope: "設定が足りません。", fromLine: "LINEのトークから。" };

/** Our server: remembers what was posted and answers as told. */
const server = createServer(async (request, response) => {
  let body = "";
  for await (const piece of request) body += piece;
  posted.push({ url: request.url, type: request.headers["content-type"], body: JSON.parse(body) });
  response.writeHead(answer.status, { "Content-Type": answer.type ?? "application/json" });
  response.end(answer.body ?? JSON.stringify(answer.told ?? {}));
});
let posted;
let answer;
let deeds;
let kept;

/** LINE's SDK in mock mode, with an eye on what is asked of it. */
const liff = new Proxy(sdk, {
  get: (target, name) => {
    if (name === "init") return (config) => (deeds.push(["init", config.liffId]), target.init({ ...config, mock: true }));
    if (name === "login") return (config) => (deeds.push(["login", config.redirectUri]), target.login(config));
    if (name === "logout") return () => (deeds.push(["logout"]), target.logout());
    return target[name];
  },
});

const page = (more = {}) => ({
  liffId: LIFF_ID,
  token: "ticket",
  goesOn: false,
  here: HERE,
  words: WORDS,
  kept,
  post: (body) =>
    fetch(`http://127.0.0.1:${server.address().port}/p/identify`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    }),
  go: () => deeds.push(["go"]),
  say: (words, retry) => deeds.push(["say", words, retry]),
  ...more,
});

const phone = (more) => sdk.$mock.set((held) => ({ ...held, ...more }));

before(async () => {
  sdk.use(new LiffMockPlugin());
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
});
after(() => server.close());
beforeEach(() => {
  [posted, deeds, kept] = [[], [], keptInMemory()];
  answer = { status: 200 };
  phone({ isLoggedIn: true, isInClient: true, getIDToken: "header.claims.signature" });
});

test("who is not logged in is sent to LINE's log-in, and back to this page", async () => {
  phone({ isLoggedIn: false, isInClient: false });
  await prove(liff, page());
  assert.deepEqual(deeds, [["init", LIFF_ID], ["login", HERE]]);
  assert.deepEqual(posted, []);
});

test("the ID token goes to our server in the body, once, and the page opens", async () => {
  await prove(liff, page());
  assert.deepEqual(posted, [
    { url: "/p/identify", type: "application/json", body: { token: "ticket", id_token: "header.claims.signature" } },
  ]);
  assert.deepEqual(deeds.at(-1), ["go"]);
});

test("another account is told so in the server's words, and there is nothing to try again", async () => {
  answer = { status: 403, told: { error: "ログイン中のLINEのアカウントが違います。", why: "other" } };
  await prove(liff, page());
  assert.deepEqual(deeds.at(-1), ["say", "ログイン中のLINEのアカウントが違います。", false]);
});

test("while LINE is down there is another try", async () => {
  answer = { status: 503, told: { error: "少し待って、もう一度。" } };
  await prove(liff, page());
  assert.deepEqual(deeds.at(-1), ["say", "少し待って、もう一度。", true]);
});

test("a token that ran out outside of LINE leads to one fresh log-in, not to a circle of them", async () => {
  phone({ isInClient: false });
  answer = { status: 401, told: { error: "期限が切れました。", why: "expired" } };
  await prove(liff, page());
  assert.deepEqual(deeds.slice(1), [["logout"], ["login", HERE]]);
  deeds = [];
  await prove(liff, page());
  assert.deepEqual(deeds.slice(1), [["say", "期限が切れました。", false]]);
});

test("a fresh log-in is open again after a proof that held", async () => {
  kept.setItem("chusho119-login", "1");
  await prove(liff, page());
  assert.equal(kept.getItem("chusho119-login"), null);
});

test("inside LINE there is no log-in: a token that ran out is explained", async () => {
  answer = { status: 401, told: { error: "期限が切れました。", why: "expired" } };
  await prove(liff, page());
  assert.deepEqual(deeds.slice(1), [["say", "期限が切れました。", false]]);
});

test("LINE's script that did not load, or does not start, is said and can be tried again", async () => {
  await prove(undefined, page());
  await prove({ init: () => Promise.reject(new Error("no")) }, page());
  assert.deepEqual(deeds, [["say", WORDS.line, true], ["say", WORDS.line, true]]);
});

test("a LIFF app without the openid scope gives no token: words, no post", async () => {
  phone({ getIDToken: null });
  await prove(liff, page());
  assert.deepEqual(deeds.at(-1), ["say", WORDS.scope, false]);
  assert.deepEqual(posted, []);
});

test("a connection that breaks, or an answer that is none, can be tried again", async () => {
  await prove(liff, page({ post: () => Promise.reject(new TypeError("failed to fetch")) }));
  assert.deepEqual(deeds.at(-1), ["say", WORDS.lost, true]);
  answer = { status: 502, type: "text/html", body: "<h1>Bad gateway</h1>" };
  await prove(liff, page());
  assert.deepEqual(deeds.at(-1), ["say", WORDS.lost, true]);
});

test("the page where links arrive starts LINE's script, which goes on by itself", async () => {
  await prove(liff, page({ token: "", goesOn: true }));
  assert.deepEqual(deeds, [["init", LIFF_ID]]);
  deeds = [];
  await prove(liff, page({ token: "" }));
  assert.deepEqual(deeds.at(-1), ["say", WORDS.fromLine, false]);
  assert.deepEqual(posted, []);
});
