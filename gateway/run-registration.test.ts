/** What a command is told of its run. */
import t from "tap";
import { runRegistration } from "./run-registration.ts";
import { registeredRun } from "./testdata/run.ts";

t.test("runRegistration() writes the proxy's URL, of IPv6 addresses too", async (test) => {
  const run = registeredRun();
  const { runId, invocationId, gateway, root } = run;
  const trust = { bundle: "/b", directory: "/d" };
  const telemetryToken = "clrk1.a.b";
  const of = (address: string) =>
    runRegistration(run, "token", { proxy: { address, port: 4100 }, trust, telemetryToken });
  const user = `run-1_researcher-${root.traceId}-${root.spanId}`;
  test.same(of("127.0.0.1"), {
    ...{ runId, invocationId, gateway, trust, telemetryToken },
    proxyUrl: `http://${user}:token@127.0.0.1:4100`,
  });
  test.equal(of("::1").proxyUrl, `http://${user}:token@[::1]:4100`);
});
