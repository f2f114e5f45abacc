/** Tests that a token proves what it was made for, for as long as it was made for, and nothing else. */
import t from "tap";
import {
  mintTelemetryToken,
  telemetryTokenKey,
  telemetryTokenLifeMs,
  tryReadTelemetryToken,
} from "./telemetry-token.ts";
import { registeredRun } from "./testdata/run.ts";

const secret = new Uint8Array(32).fill(7);
const key = telemetryTokenKey(secret);
const { agent, gateway } = registeredRun();
const identity = { agent, gateway, expiresMs: telemetryTokenLifeMs };
const token = mintTelemetryToken(key, identity);

t.test("tryReadTelemetryToken() gives who it was made for until it expires", async (t) => {
  t.match(token, /^clrk1\.[\w-]+\.[\w-]{43}$/);
  t.same(tryReadTelemetryToken(key, token, 0), identity);
  t.same(tryReadTelemetryToken(key, token, telemetryTokenLifeMs - 1), identity);
  t.equal(tryReadTelemetryToken(key, token, telemetryTokenLifeMs), undefined);
});

t.test("tryReadTelemetryToken() refuses every token with one character changed", async (t) => {
  let refused = 0;
  for (let place = 0; place < token.length; place++) {
    const other = token[place] === "A" ? "B" : "A";
    const altered = token.slice(0, place) + other + token.slice(place + 1);
    if (tryReadTelemetryToken(key, altered, 0) === undefined) refused++;
  }
  t.equal(refused, token.length);
});

t.test("tryReadTelemetryToken() refuses what is no token of the key", async (t) => {
  const [form = "", statement = "", seal = ""] = token.split(".");
  const other = mintTelemetryToken(key, { ...identity, agent: { ...agent, name: "other" } });
  const foreign = mintTelemetryToken(secret, identity);
  for (const text of [
    ...["", ".", "..", "clrk1", "clrk1..", `${form}.${statement}`, `${form}.${statement}.`],
    ...[`.${statement}.${seal}`, `${token}=`, `${token} `, ` ${token}`, `${token}.${seal}`],
    ...[`${other.slice(0, other.lastIndexOf("."))}.${seal}`, foreign, "x".repeat(4_096)],
  ]) {
    t.equal(tryReadTelemetryToken(key, text, 0), undefined, text.slice(0, 40));
  }
});
