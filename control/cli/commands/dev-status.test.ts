/** `clrk dev status`, beside an invented gateway process and API server. */
import t from "tap";
import { createFakeContext } from "../testdata/fake-context.ts";
import { openDevSession } from "../testdata/dev-session.ts";
import { gatewayWith, statusWith } from "../testdata/fake-control.ts";

t.test("devStatus() has a line for each process", async (t) => {
  const { context } = await openDevSession(t);
  t.equal(await context.clrk("dev", "status"), 0);
  const lines = context.stdout().split("\n");
  t.match(lines, [
    /^COMPONENT {15}STATE {5}READY {3}PID +RESTARTS {3}UPTIME$/,
    /^gateway {17}running {3}True {4}\d+ +<none> {5}\d+d$/,
    /^envoy default\/default {3}running {3}True {4}4712 +0 {10}<none>$/,
    /^control {17}running {3}True {4}4712 +1 {10}\d+d$/,
    /^store {19}running {3}True {4}4713 +0 {10}\d+d$/,
    "",
  ]);
  t.equal(context.stderr(), "");
  t.equal(await context.clrk("dev", "status", "-o", "json"), 0);
  const { components } = JSON.parse(context.stdout());
  t.match(components[1], {
    name: "envoy default/default",
    state: "running",
    ready: true,
    pid: 4712,
  });
});

t.test("devStatus() says what is wrong, and where nothing runs", async (t) => {
  const { context, control } = await openDevSession(t, {
    state: "failing",
    problem: "Its disk is full",
  });
  const problem = { file: "policy/a.yaml", line: 3, field: "spec", message: "is wrong" };
  control.status = statusWith({
    revision: 0,
    problems: [problem],
    gateways: [gatewayWith({ ready: false, reason: "Envoy is starting" })],
  });
  t.equal(await context.clrk("dev", "status"), 0);
  t.equal(
    context.stderr(),
    "gateway: policy/a.yaml:3: spec: is wrong\nenvoy default/default: Envoy is starting\nstore: Its disk is full\n",
  );
  const fresh = await createFakeContext(t);
  t.equal(await fresh.clrk("dev", "status"), 1);
  t.match(fresh.stdout(), /\ngateway {5}missing {3}False /);
  t.match(
    fresh.stderr(),
    /^gateway: not started\ncontrol: not started\n.*\nStart all of it: clrk dev -f DIR\n$/,
  );
});
