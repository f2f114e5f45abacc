/** `clrk dev wait-ready`, beside an invented gateway process and API server. */
import t from "tap";
import { createFakeContext, until } from "../testdata/fake-context.ts";
import { openDevSession } from "../testdata/dev-session.ts";
import { gatewayWith, statusWith } from "../testdata/fake-control.ts";

t.test("devWaitReady() ends when all is there", async (t) => {
  const { context, control } = await openDevSession(t);
  control.status = statusWith({
    gateways: [gatewayWith({ ready: false, reason: "Envoy is starting" })],
  });
  const code = context.clrk("dev", "wait-ready");
  await until(() => context.stderr().includes("… "), context.stderr);
  control.status = statusWith();
  t.equal(await code, 0);
  t.equal(context.stdout(), "clrk dev is ready\n");
  t.equal(
    context.stderr(),
    "✔ gateway\n✔ control\n✔ store\n… envoy default/default: Envoy is starting\n✔ envoy default/default\n",
  );
});

t.test("devWaitReady() does not wait for a store that cannot work", async (t) => {
  const { context } = await openDevSession(t, { state: "failing", problem: "There is no chdb" });
  t.equal(await context.clrk("dev", "wait-ready"), 0);
  t.equal(context.stdout(), "clrk dev is ready\n");
});

t.test("devWaitReady() says what is missing when time is up, or Ctrl-C comes", async (t) => {
  const context = await createFakeContext(t);
  t.equal(await context.clrk("dev", "wait-ready", "--timeout", "20ms"), 124);
  t.match(
    context.stderr(),
    /\nclrk: Not ready within 0\.02 s, wanted:\n {2}gateway: not started\n {2}control: not started\n/,
  );
  t.equal(context.stdout(), "");
  const code = context.clrk("dev", "wait-ready");
  await until(() => context.stderr() !== "", context.stderr);
  context.interrupt("SIGINT");
  t.equal(await code, 130);
  t.equal(await context.clrk("dev", "wait-ready", "--timeout", "soon"), 2);
  t.match(context.stderr(), /^clrk: Cannot use "soon" for --timeout: Wanted a time/);
});
