/** Statuses of a gateway process that is well, with changes. */
import type { GatewayProcessStatus, GatewayStatus } from "../control-api.ts";

export function gatewayStatus(changes: Partial<GatewayStatus> = {}): GatewayStatus {
  return {
    namespace: "default",
    name: "egress",
    defaultPolicy: "deny-all",
    ready: true,
    reason: "",
    liveRevision: 3,
    rejection: "",
    listeners: [],
    routes: { native: 1, engine: 0, refused: 0 },
    envoy: { pid: 2, restarts: 1, adminSocket: "/a" },
    certificates: { minted: 4, live: 3, refused: 2, hits: 9, directory: "/ca" },
    trust: { bundle: "/b", directory: "/d" },
    ...changes,
  };
}

export function processStatus(changes: Partial<GatewayProcessStatus> = {}): GatewayProcessStatus {
  return {
    version: "0.1.0",
    pid: 1,
    startedAt: "2026-11-29T00:00:00.000Z",
    directories: [],
    plugins: [],
    revision: 3,
    problems: [],
    envoy: { path: "/e", version: "1.40.0", source: "PATH" },
    gateways: [gatewayStatus()],
    records: { file: "/r", published: 5, dropped: 1, incomplete: 0, failure: "" },
    secrets: [],
    runs: [],
    ...changes,
  };
}
