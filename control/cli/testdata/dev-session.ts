/** A command beside an invented gateway process and API server, as `clrk dev` has them. */
import type { Test } from "tap";
import { reportResource } from "../../process-report.ts";
import type { TelemetryReport } from "../../telemetry/telemetry-report.ts";
import { controlReport } from "../../testdata/control-report.ts";
import { openApiContext } from "./api-context.ts";
import { openFakeControl, statusWith } from "./fake-control.ts";

/** A session in which all is well but what `telemetry` says; it ends with the test. */
export async function openDevSession(t: Test, telemetry: Partial<TelemetryReport> = {}) {
  const report = controlReport(telemetry);
  const { context } = await openApiContext(t, { connected: [reportResource(async () => report)] });
  const control = await openFakeControl(context.home);
  t.teardown(() => control.close());
  control.status = statusWith();
  return { context, control };
}
