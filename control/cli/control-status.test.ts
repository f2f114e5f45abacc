/** Tests of what is told of the API server of a home. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { TelemetryFigures } from "../telemetry/telemetry-figures.ts";
import { ownKubeconfig } from "./api-target.ts";
import { findControlStatus, formatControlStatus } from "./control-status.ts";
import { openApiContext } from "./testdata/api-context.ts";
import { createFakeContext } from "./testdata/fake-context.ts";

t.test("findControlStatus() tells one that answers, and one that is away", async (t) => {
  const { context, api } = await openApiContext(t);
  mkdirSync(join(context.home.root, "control"));
  writeFileSync(join(context.home.root, "control", "objects.db"), "x".repeat(1024 * 1024));
  const status = await findControlStatus(context);
  t.match(status, { answers: true, kubeconfig: ownKubeconfig(context), problem: null });
  t.match(
    formatControlStatus(status, context.workingDirectory),
    /^API server https:\S+\n {11}kubeconfig\n {11}control\/objects\.db, 1\.0 MiB\n$/,
  );
  await api.server.close();
  t.match(await findControlStatus(context), {
    answers: false,
    problem: /^Cannot reach the API server at \S+: nothing listens there$/,
  });
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
    formatControlStatus(status, fresh.workingDirectory),
    "API server not started; clrk dev has one\n",
  );
});

t.test("formatControlStatus() tells how the store of telemetry is, and what is lost", async (t) => {
  const telemetry: TelemetryFigures = {
    state: "ready",
    ...{ reason: "", storedRows: 12_345, waitingBytes: 0, lostBytes: 0 },
    ...{ malformedLines: 0, quarantinedRows: 0, droppedRows: 0, refusedRows: 0 },
    ...{ evictedRows: 0, restarts: 0 },
  };
  const status = {
    ...{ answers: true, server: "https://127.0.0.1:1", kubeconfig: null, store: null },
    ...{ telemetry, problem: null },
  };
  t.match(formatControlStatus(status, "/"), /\nTelemetry {2}ready, 12,345 rows stored\n$/);
  const away: TelemetryFigures = {
    ...telemetry,
    state: "waiting",
    ...{ reason: "Nothing is stored now: it ended" },
    ...{ waitingBytes: 3 * 1024 ** 2, lostBytes: 1024 ** 2 / 2, restarts: 2 },
  };
  t.match(
    formatControlStatus({ ...status, telemetry: away }, "/"),
    /Nothing is stored now: it ended, 12,345 rows stored, 3\.0 MiB wait, 0\.5 MiB LOST before they were stored, started again 2 times\n$/,
  );
});
