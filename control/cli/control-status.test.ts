/** Tests of what is told of the API server of a home. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { ownKubeconfig } from "./api-target.ts";
import { findControlStatus, formatControlStatus } from "./control-status.ts";
import { reportResource } from "../process-report.ts";
import { controlReport } from "../testdata/control-report.ts";
import { openApiContext } from "./testdata/api-context.ts";
import { createFakeContext } from "./testdata/fake-context.ts";

t.test("findControlStatus() tells one that answers, and one that is away", async (t) => {
  const { context, api } = await openApiContext(t);
  mkdirSync(join(context.home.root, "control"));
  writeFileSync(join(context.home.root, "control", "objects.db"), "x".repeat(1024 * 1024));
  const status = await findControlStatus(context);
  t.match(status, { answers: true, kubeconfig: ownKubeconfig(context), problem: null });
  t.match(
    formatControlStatus(status, { workingDirectory: context.workingDirectory, nowMs: 0 }),
    /^API server https:\S+\n {11}kubeconfig\n {11}control\/objects\.db, 1\.0 MiB\n$/,
  );
  t.equal(status.report, null, "a server that does not say");
  await api.server.close();
  const away = await findControlStatus(context);
  t.match(away, {
    answers: false,
    problem: /^Cannot reach the API server at \S+: nothing listens there$/,
    report: null,
  });
  t.match(
    formatControlStatus(away, { workingDirectory: context.workingDirectory, nowMs: 0 }),
    /nothing listens there\n {11}clrk dev starts it again; if it does not: clrk dev --replace\n/,
  );
});

t.test("findControlStatus() tells of the process and what it keeps", async (t) => {
  const { context } = await openApiContext(t, {
    connected: [reportResource(async () => controlReport())],
  });
  const status = await findControlStatus(context);
  t.same(status.report, controlReport());
  const nowMs = Date.parse("2026-01-02T00:00:00Z");
  t.match(formatControlStatus(status, { workingDirectory: "/home", nowMs }).split("\n").slice(2), [
    "           process 4712, up 5 min, started again once",
    "Telemetry  ready, 12,345 rows, oldest 60 min ago, 64 MiB of 5 GiB on disk",
    "           telemetry",
    "           process 4713, up 4 min, memory 350 MiB of 600 MiB",
    "           OTLP at http://127.0.0.1:4318, 7 rows taken",
    "",
  ]);
});

t.test("formatControlStatus() tells what is not known of runs", async (t) => {
  const { context } = await openApiContext(t, {
    connected: [
      reportResource(async () => ({
        ...controlReport(),
        invocations: { state: "open", problem: null, lostEvents: 12 },
      })),
    ],
  });
  const status = await findControlStatus(context);
  t.match(
    formatControlStatus(status, { workingDirectory: "/home", nowMs: 0 }),
    /\nInvocations 12 events of runs went before clrk dev read them, and what they told is not shown\n$/,
  );
});

t.test("formatControlStatus() tells which objects of files are in force no more", async (t) => {
  const one = { object: "EgressHTTPRoute default/one", file: "/project/policy/a.yaml", line: 7 };
  const untold = { object: "EgressHTTPRoute default/two", file: null, line: 8 };
  const report = { ...controlReport(), files: { deletedCount: 4, deleted: [one, untold] } };
  const { context } = await openApiContext(t, { connected: [reportResource(async () => report)] });
  const status = await findControlStatus(context);
  t.same(status.report, report);
  const shown = formatControlStatus(status, { workingDirectory: "/project", nowMs: 0 }).split("\n");
  const at = shown.findIndex((line) => line.startsWith("Files"));
  t.same(shown.slice(at, at + 4), [
    "Files      EgressHTTPRoute default/one of policy/a.yaml:7 was deleted by others",
    "           EgressHTTPRoute default/two of the files was deleted by others",
    "           and 2 more",
    "           in force again when its part of the file changes, or clrk dev starts again",
  ]);
});

t.test("findControlStatus() tells one that does not know us, and one that never was", async (t) => {
  const { context } = await openApiContext(t, { token: "wrong-token" });
  t.match(await findControlStatus(context), { answers: false, problem: /^Not known to the API/ });
  writeFileSync(ownKubeconfig(context), "[");
  t.match(await findControlStatus(context), { answers: false, problem: /^Cannot use kubeconfig/ });
  const fresh = await createFakeContext(t);
  const status = await findControlStatus(fresh);
  t.match(status, { answers: false, server: null, kubeconfig: null, store: null, problem: null });
  t.equal(
    formatControlStatus(status, { workingDirectory: fresh.workingDirectory, nowMs: 0 }),
    "API server not started; clrk dev has one\n",
  );
});
