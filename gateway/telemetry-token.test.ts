/** Tests that a token proves what it was made for, for as long as it was made for, and nothing else. */
import t from "tap";
import {
  mintTelemetryToken,
  telemetryTokenKey,
  telemetryTokenLifeMs,
  tryReadTelemetryToken,
  unwatchedTokenLifeMs,
} from "./telemetry-token.ts";
import { registeredRun } from "./testdata/run.ts";

const secret = new Uint8Array(32).fill(7);
const key = telemetryTokenKey(secret);
const { agent, gateway } = registeredRun();
const identity = { agent, gateway, gatewayUid: "uid", issuedMs: 0, issuer: "12 34" };
const token = mintTelemetryToken(key, identity);

const at = (nowMs: number, living = "") => ({
  nowMs,
  isLiving: (issuer: string) => issuer === living,
});

t.test("tryReadTelemetryToken() gives who it was made for, for an hour", async (t) => {
  t.match(token, /^clrk3\.[\w-]+\.[\w-]{43}$/);
  t.same(tryReadTelemetryToken(key, token, at(0)), identity);
  t.same(tryReadTelemetryToken(key, token, at(unwatchedTokenLifeMs - 1)), identity);
  t.equal(tryReadTelemetryToken(key, token, at(unwatchedTokenLifeMs)), undefined);
});

t.test("tryReadTelemetryToken() gives it longer while its issuer lives", async (t) => {
  t.same(tryReadTelemetryToken(key, token, at(telemetryTokenLifeMs - 1, "12 34")), identity);
  t.equal(tryReadTelemetryToken(key, token, at(telemetryTokenLifeMs, "12 34")), undefined);
  t.equal(tryReadTelemetryToken(key, token, at(unwatchedTokenLifeMs, "12 35")), undefined);
});

t.test("tryReadTelemetryToken() refuses every token with one character changed", async (t) => {
  let refused = 0;
  for (let place = 0; place < token.length; place++) {
    const other = token[place] === "A" ? "B" : "A";
    const altered = token.slice(0, place) + other + token.slice(place + 1);
    if (tryReadTelemetryToken(key, altered, at(0)) === undefined) refused++;
  }
  t.equal(refused, token.length);
});

t.test("tryReadTelemetryToken() refuses what is no token of the key", async (t) => {
  const [form = "", statement = "", seal = ""] = token.split(".");
  const other = mintTelemetryToken(key, { ...identity, agent: { ...agent, name: "other" } });
  const foreign = mintTelemetryToken(secret, identity);
  for (const text of [
    ...["", ".", "..", "clrk3", "clrk3..", `${form}.${statement}`, `${form}.${statement}.`],
    ...[`.${statement}.${seal}`, `${token}=`, `${token} `, ` ${token}`, `${token}.${seal}`],
    ...[`${other.slice(0, other.lastIndexOf("."))}.${seal}`, foreign, "x".repeat(4_096)],
  ]) {
    t.equal(tryReadTelemetryToken(key, text, at(0)), undefined, text.slice(0, 40));
  }
});
