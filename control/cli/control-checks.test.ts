/** Tests of what is found out about the API server and telemetry. */
import t from "tap";
import { controlReport } from "../testdata/control-report.ts";
import { checkControl } from "./control-checks.ts";
import type { ControlStatus } from "./control-status.ts";

const none: ControlStatus = {
  ...{ answers: false, server: null, kubeconfig: null, store: null, problem: null, report: null },
};
const here: ControlStatus = {
  ...{ ...none, answers: true, server: "https://127.0.0.1:4321", report: controlReport() },
};
const away = { ...none, problem: "Cannot reach the API server: nothing listens there" };

for (const { name, facts, want } of [
  {
    name: "is content with all",
    facts: { control: here },
    want: [
      { name: "api server", result: "ok", message: "https://127.0.0.1:4321 answers" },
      { name: "telemetry", result: "ok", message: "Kept in /home/telemetry, none lost" },
    ],
  },
  { name: "has nothing to say where nothing runs", facts: { control: none }, want: [] },
  {
    name: "takes a kubeconfig of before for none",
    facts: { control: away, hasGateway: false },
    want: [],
  },
  {
    name: "tells of a control process that is away",
    facts: { control: away },
    want: [{ name: "api server", result: "warning", message: away.problem, next: /clrk dev logs/ }],
  },
  {
    name: "tells of a package that is absent",
    facts: { control: none, hasStorePackage: false },
    want: [{ name: "telemetry", result: "warning", next: /npm install --include=optional/ }],
  },
  {
    name: "says what is wrong with the store",
    facts: {
      control: {
        ...here,
        report: controlReport({ state: "failing", problem: "Its disk is full" }),
      },
    },
    want: [
      { name: "api server" },
      { name: "telemetry", result: "warning", message: "Its disk is full" },
    ],
  },
  {
    name: "says what was lost",
    facts: {
      control: {
        ...here,
        report: controlReport({ dropped: [{ reason: "store-full", count: 7, unit: "rows" }] }),
      },
    },
    want: [
      { name: "api server" },
      { name: "telemetry", result: "warning", message: "Lost since its start: 7 rows store-full" },
    ],
  },
  {
    name: "tells of invocations, and takes telemetry that is off for asked for",
    facts: {
      control: {
        ...here,
        report: {
          ...controlReport({ state: "off" }),
          invocations: { state: "closed", problem: "NATS is away", lostEvents: 0 },
        },
      },
    },
    want: [
      { name: "api server" },
      { name: "invocations", result: "warning", message: "NATS is away" },
      { name: "telemetry", result: "ok", message: "Off, as asked for" },
    ],
  },
] as const) {
  t.test(`checkControl() ${name}`, async (t) => {
    const found = checkControl({ hasGateway: true, hasStorePackage: true, ...facts });
    t.equal(found.length, want.length);
    t.match(found, want);
  });
}
