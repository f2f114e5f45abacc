/** Unit tests of the gateway's adapter: reading its ready line. */
import t from "tap";
import { clrkCommand, createClrk, parseReady } from "./clrk-contender.ts";

const ready = {
  proxy: { host: "127.0.0.1", port: 1, authorization: "Basic x" },
  transparent: { host: "127.0.0.1", port: 2 },
  caFile: "/ca.pem",
  envoyPid: 3,
};

t.test("parseReady() finds the ready line among others", async (t) => {
  const output = `{"level":"info"}\n${JSON.stringify({ ready })}\n{"level":"info"}\n`;
  t.same(parseReady(output), ready);
  t.equal(parseReady('{"level":"info"}\nnot json\n'), undefined);
  t.equal(parseReady(""), undefined);
});

t.test("clrkCommand() runs one Envoy worker on the policy", async (t) => {
  const command = clrkCommand("/policy", "/state").join(" ");
  t.match(command, "--policy /policy --state /state --envoy-concurrency 1");
});

t.test("createClrk() injects the credential by itself", async (t) => {
  const contender = createClrk({});
  t.equal(contender.injectsCredential, true);
  t.same(contender.modes, ["connect", "transparent"]);
});
