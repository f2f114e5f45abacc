/** Whether the API server of this home answers, and whether what happens is kept. */
import type { ControlReport } from "../process-report.ts";
import type { ControlStatus } from "./control-status.ts";
import { passed, warned } from "./doctor-check.ts";
import type { DoctorCheck } from "./doctor-check.ts";

/** What the checks look at. */
export interface ControlFacts {
  readonly control: ControlStatus;
  /** Whether a gateway runs, beside which a control process is to run too */
  readonly hasGateway: boolean;
  /** Whether the package of the embedded store is installed here */
  readonly hasStorePackage: boolean;
}

/** The API server, then telemetry; where neither runs only whether telemetry could. */
export function checkControl({
  control,
  hasGateway,
  hasStorePackage,
}: ControlFacts): DoctorCheck[] {
  const { answers, server, problem, report } = control;
  if (answers) {
    const api = passed("api server", `${server} answers`);
    return [api, ...(report === null ? [] : [...checkInvocations(report), checkStore(report)])];
  }
  const isAway = hasGateway && problem !== null;
  const next =
    "clrk dev starts it again; what it said: clrk dev logs; if it stays so: clrk dev --replace";
  const checks = isAway ? [warned("api server", `${problem}`, next)] : [];
  return hasStorePackage ? checks : [...checks, storePackageMissing()];
}

function storePackageMissing(): DoctorCheck {
  return warned(
    "telemetry",
    'The package "chdb" is not installed: requests pass, and logs, traces and usage are not kept',
    "Install it (Linux with glibc, macOS): npm install --include=optional\nOr keep them in a server: clrk dev --clickhouse-url URL",
  );
}

function checkInvocations({ invocations }: ControlReport): DoctorCheck[] {
  const { problem } = invocations;
  return problem === null ? [] : [warned("invocations", problem, "What was said: clrk dev logs")];
}

function checkStore({ telemetry }: ControlReport): DoctorCheck {
  const { state, problem, dropped, store } = telemetry;
  if (state === "off") return passed("telemetry", "Off, as asked for");
  if (problem !== null) {
    return warned("telemetry", problem, "Requests pass meanwhile; how it is: clrk status");
  }
  if (dropped.length > 0) {
    const lost = dropped.map(({ count, unit, reason }) => `${count} ${unit} ${reason}`).join(", ");
    return warned(
      "telemetry",
      `Lost since its start: ${lost}`,
      "What each means: docs/telemetry.md",
    );
  }
  const place = state === "ready" ? `kept in ${store.place}, none lost` : state;
  return passed("telemetry", `${place[0]?.toUpperCase()}${place.slice(1)}`);
}
