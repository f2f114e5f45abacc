/** A control socket with invented answers, at the place where the command line looks for a gateway process's. */
import { mkdir, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { ActivityReport } from "../../../gateway/activity-report.ts";
import type { BudgetStatus } from "../../../gateway/budget-list.ts";
import type {
  ControlEvent,
  GatewayProcessStatus,
  GatewayStatus,
  PlaceholderStatus,
  RunRequest,
  ServedObject,
} from "../../../gateway/control-api.ts";
import { openControlSocket } from "../../../gateway/control-socket.ts";
import { ClrkError } from "../../../gateway/errors.ts";
import { controlSocketPath } from "../../../gateway/home-directory.ts";
import type { HomeDirectory } from "../../../gateway/home-directory.ts";
import { silentLogger } from "../../../gateway/log.ts";
import type { OpenConfirmation } from "../../../gateway/confirmation.ts";
import type { EgressRecord } from "../../../gateway/record.ts";

export function gatewayWith(changes: Partial<GatewayStatus> = {}): GatewayStatus {
  return {
    namespace: "default",
    name: "default",
    defaultPolicy: "deny-all",
    ready: true,
    reason: "",
    liveRevision: 1,
    rejection: "",
    explicitProxy: { address: "127.0.0.1", port: 4100 },
    listeners: [
      { name: "https", attachedRoutes: 3 },
      { name: "http", attachedRoutes: 0 },
    ],
    routes: { native: 3, engine: 0, refused: 0 },
    envoy: { pid: 4712, restarts: 0, adminSocket: "/nowhere/admin.sock" },
    certificates: { minted: 2, live: 2, refused: 0, directory: "/nowhere/ca" },
    trust: { bundle: "/nowhere/ca-bundle.pem", directory: "/nowhere/certs" },
    ...changes,
  };
}

export function statusWith(changes: Partial<GatewayProcessStatus> = {}): GatewayProcessStatus {
  return {
    version: "0.1.0",
    pid: 4711,
    startedAt: "2026-11-24T00:00:00.000Z",
    directories: ["policy"],
    plugins: [],
    revision: 6,
    problems: [],
    envoy: { path: "/opt/envoy", version: "1.40.0", source: "PATH" },
    gateways: [gatewayWith()],
    records: { file: "/nowhere/records.jsonl", published: 12, dropped: 0, incomplete: 0, failure: "" },
    secrets: [],
    runs: [],
    ...changes,
  };
}

export function objectWith(
  kind: string,
  changes: {
    readonly name?: string;
    readonly namespace?: string;
    readonly spec?: unknown;
    readonly gateway?: GatewayStatus;
    readonly conditions?: ServedObject["conditions"];
    readonly tier?: NonNullable<ServedObject["tier"]>;
    readonly source?: string;
    readonly other?: object;
  } = {},
): ServedObject {
  const { name = "openai", namespace = "default", spec = {}, conditions = [] } = changes;
  const { gateway, tier, source = "policy/route.yaml:14", other } = changes;
  const object = {
    apiVersion: "clrk.apoxy.dev/v1alpha1",
    kind,
    metadata: { namespace, name },
    spec,
    status: { conditions, ...(gateway && { gateway }) },
    ...other,
  };
  return { object, conditions, ...(tier && { tier }), source };
}

export function recordWith(changes: Partial<EgressRecord> = {}): EgressRecord {
  return {
    id: "1",
    kind: "http",
    time: "2026-11-24T00:00:00.000Z",
    startUnixMs: 0,
    startUnixNs: "0",
    durationMs: 212,
    agent: {
      kind: "Process",
      namespace: "default",
      name: "researcher",
      uid: "run-1",
      revision: "",
      invocationId: "",
    },
    gateway: { namespace: "default", name: "default" },
    listener: "explicit",
    clientAddress: "127.0.0.1",
    request: {
      method: "POST",
      scheme: "https",
      authority: "api.openai.com",
      host: "api.openai.com",
      port: 443,
      path: "/v1/responses",
      query: "",
      protocol: "HTTP/1.1",
      userAgent: "",
      bytes: 10,
    },
    response: { status: 200, bytes: 10, chunks: null, flags: [], details: "via_upstream" },
    timings: { requestMs: null, upstreamConnectMs: null, timeToFirstByteMs: null },
    upstream: null,
    decision: { verdict: "allow", reason: null, message: null, route: null },
    provider: null,
    credential: null,
    tier: "native",
    revision: 1,
    trace: null,
    model: null,
    usage: null,
    routing: null,
    capture: null,
    ...changes,
  };
}

/** What a test sets, and what it reads afterwards; all of it may change while the socket is open. */
export interface FakeControl extends AsyncDisposable {
  status: GatewayProcessStatus;
  objects: readonly ServedObject[];
  budgets: readonly BudgetStatus[];
  questions: readonly OpenConfirmation[];
  placeholders: readonly PlaceholderStatus[];
  /** Refuses runs with this sentence */
  refusal: string;
  proxyUrl: string;
  readonly calls: string[];
  readonly runs: RunRequest[];
  onStop: () => void;
  emit(event: ControlEvent): void;
  emitActivity(report: ActivityReport): void;
  emitRecord(record: EgressRecord): void;
  readonly followers: number;
  close(): Promise<void>;
}

export async function openFakeControl(
  home: HomeDirectory,
  pid: number = process.pid,
): Promise<FakeControl> {
  const socketPath = controlSocketPath(home, pid);
  await mkdir(dirname(socketPath), { recursive: true });
  const events = new Set<(event: ControlEvent) => void>();
  const records = new Set<(record: EgressRecord) => void>();
  const reports = new Set<(report: ActivityReport) => void>();
  const fake: FakeControl = {
    status: statusWith({ pid }),
    objects: [],
    budgets: [],
    questions: [],
    placeholders: [],
    refusal: "",
    proxyUrl: "http://run-1:token@127.0.0.1:4100",
    calls: [],
    runs: [],
    onStop: () => {},
    emit: (event) => {
      for (const follower of [...events]) follower(event);
    },
    emitActivity: (report) => {
      for (const follower of [...reports]) follower(report);
    },
    emitRecord: (record) => {
      for (const follower of [...records]) follower(record);
    },
    get followers() {
      return events.size + records.size + reports.size;
    },
    close: async () => {
      await socket.close();
      await rm(dirname(socketPath), { recursive: true, force: true });
    },
    [Symbol.asyncDispose]: () => fake.close(),
  };
  const socket = await openControlSocket(
    socketPath,
    {
      status: () => fake.status,
      objects: (kind) => ({
        revision: fake.status.revision,
        items: fake.objects.filter(({ object }) => kind === undefined || object.kind === kind),
      }),
      budgets: () => ({ items: fake.budgets }),
      confirmations: {
        list: () => fake.questions,
        decide: (id, { decision, reason }) => {
          fake.calls.push(`${decision} ${id} ${reason}`.trim());
          const question = fake.questions.find((one) => one.id === id);
          if (question === undefined) return "unknown";
          return question.asks === "cli" ? "done" : "elsewhere";
        },
      },
      placeholders: () => ({ items: fake.placeholders }),
      registerRun: async (run) => {
        if (fake.refusal !== "") {
          throw new ClrkError("CLRK_PRECONDITION_FAILED", fake.refusal, { expose: fake.refusal });
        }
        fake.runs.push(run);
        const [gateway = gatewayWith()] = fake.status.gateways;
        return {
          runId: "run-1",
          invocationId: "invocation-1",
          gateway: run.gateway ?? "default/default",
          proxyUrl: fake.proxyUrl,
          telemetryToken: "clrk1.a.b",
          trust: gateway.trust,
        };
      },
      endRun: async (runId, exitCode) => {
        fake.calls.push(`end ${runId}${exitCode === undefined ? "" : ` with ${exitCode}`}`);
        return runId === "run-1";
      },
      setRunProcess: (runId) => {
        fake.calls.push(`process of ${runId}`);
        return true;
      },
      followRun: (runId, onRecord) => {
        if (runId !== "run-1") return undefined;
        records.add(onRecord);
        return () => records.delete(onRecord);
      },
      followEvents: (onEvent) => {
        events.add(onEvent);
        return () => events.delete(onEvent);
      },
      followActivity: (onReport) => {
        reports.add(onReport);
        return () => reports.delete(onReport);
      },
      families: () => [],
      readiness: () => ({ ready: true, missing: [] }),
      stop: () => {
        fake.calls.push("stop");
        fake.onStop();
      },
    },
    silentLogger,
  );
  return fake;
}
