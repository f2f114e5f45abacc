/** Unit tests of the gateway's adapter: reading its ready line. */
import t from "tap";
import { clrkCommand, createClrk, parseListening } from "./clrk-contender.ts";

t.test("parseListening() finds the control socket among other lines", async (t) => {
  const line = JSON.stringify({ kind: "listening", controlSocket: "/run/control.sock", pid: 1 });
  t.equal(parseListening(`{"level":"info"}\n${line}\n{"level":"info"}\n`), "/run/control.sock");
  t.equal(parseListening('{"level":"info"}\nnot json\n'), undefined);
  t.equal(parseListening(""), undefined);
});

t.test("clrkCommand() runs one Envoy worker on the policy", async (t) => {
  const command = clrkCommand("/policy", 1234).join(" ");
  t.match(command, "--file /policy --concurrency 1 --transparent 127.0.0.1:1234");
});

t.test("createClrk() injects the credential by itself", async (t) => {
  const contender = createClrk({});
  t.equal(contender.injectsCredential, true);
  t.same(contender.modes, ["connect", "transparent"]);
});
