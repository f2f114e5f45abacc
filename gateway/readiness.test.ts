import t from "tap";
import { readinessOf } from "./readiness.ts";
import { gatewayStatus, processStatus } from "./testdata/process-status.ts";

t.test("readinessOf() says what is missing", async (t) => {
  const ready = { ready: true, missing: [] };
  t.strictSame(readinessOf(processStatus()), ready);
  const problem = { file: "x", line: 1, field: "", message: "" };
  t.strictSame(
    readinessOf(processStatus({ problems: [problem] })),
    ready,
    "the last good one is served",
  );
  t.strictSame(readinessOf(processStatus({ revision: 0, gateways: [] })), {
    ready: false,
    missing: ["No objects were compiled yet"],
  });
  t.strictSame(readinessOf(processStatus({ gateways: [] })).missing, [
    "No EgressGateway is served",
  ]);
  const gateway = gatewayStatus({ ready: false, reason: "Envoy has not connected yet" });
  t.strictSame(readinessOf(processStatus({ gateways: [gatewayStatus(), gateway] })).missing, [
    "EgressGateway default/egress: Envoy has not connected yet",
  ]);
});
