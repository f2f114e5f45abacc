/** Runs cells of the matrix through a gateway and judges them. */
import type { SdkDriver } from "../clients/sdk-driver.ts";
import type { SdkReport } from "../clients/sdk-task.ts";
import type { FakeProvider } from "../fake-provider.ts";
import { scenarios } from "./scenarios.ts";
import type { Pair, Scenario } from "./scenarios.ts";
import type { SdkClient } from "./sdk-clients.ts";
import type { Target } from "./targets.ts";

/** Cells under way at once: enough to keep two processors busy. */
const cellsAtOnce = 8;
const shownCharacters = 300;

/** One cell. */
export interface Cell {
  readonly sdk: string;
  readonly dialect: string;
  readonly provider: string;
  readonly scenario: string;
  /** `refused`: the gateway did not let the call go and said why; `failed`: what came back is wrong */
  readonly status: "ok" | "refused" | "failed";
  /** Why it is not ok; empty where it is */
  readonly reason: string;
}

/** A client with its running driver. */
export interface RunningClient {
  readonly client: SdkClient;
  readonly driver: SdkDriver;
}

/** Runs every scenario of every client against the target that the gateway now leads to. */
export async function runCells(
  running: readonly RunningClient[],
  target: Target,
  upstream: FakeProvider,
): Promise<Cell[]> {
  upstream.reset();
  const waiting = running.flatMap(({ client, driver }) =>
    scenarios
      .filter(({ name }) => !client.lacks.includes(name))
      .map((scenario) => ({ client, driver, scenario })),
  );
  const cells: { readonly at: number; readonly cell: Cell }[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < waiting.length; at = next++) {
      const one = waiting[at];
      if (one === undefined) return;
      const { client, driver, scenario } = one;
      const pair = { client, target };
      cells.push({
        at,
        cell: await runCell(pair, scenario, { driver, upstream, mark: `m${at}z` }),
      });
    }
  };
  await Promise.all(Array.from({ length: cellsAtOnce }, worker));
  return cells.sort((a, b) => a.at - b.at).map(({ cell }) => cell);
}

async function runCell(
  pair: Pair,
  scenario: Scenario,
  run: { readonly driver: SdkDriver; readonly upstream: FakeProvider; readonly mark: string },
): Promise<Cell> {
  const { client, target } = pair;
  const { driver, upstream, mark } = run;
  const report = await driver.run(scenario.job(client, mark));
  const reached = upstream.requests.filter(({ body }) => body.includes(mark));
  const verdict = judge(report, pair, { scenario, mark, hosts: reached.map(({ host }) => host) });
  return {
    sdk: client.sdk,
    dialect: client.dialect,
    provider: target.name,
    scenario: scenario.name,
    ...verdict,
  };
}

function judge(
  report: SdkReport,
  pair: Pair,
  facts: {
    readonly scenario: Scenario;
    readonly mark: string;
    /** Where requests of the cell arrived */
    readonly hosts: readonly string[];
  },
): Pick<Cell, "status" | "reason"> {
  const { scenario, mark, hosts } = facts;
  if (hosts.length === 0 && report.kind === "failed") {
    return { status: "refused", reason: sentenceOf(report.error.message) };
  }
  const astray = hosts.find((host) => host !== pair.target.host);
  if (astray !== undefined) return { status: "failed", reason: `was served by ${astray}` };
  const reason = scenario.check(report, pair, mark);
  return reason === undefined
    ? { status: "ok", reason: "" }
    : { status: "failed", reason: reason.replaceAll(mark, "MARK") };
}

/** The gateway's sentence within what an SDK made of it: status in front, or JSON around. */
function sentenceOf(message: string): string {
  const json = /"message"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(message)?.[1];
  const python = /'message': '((?:[^'\\]|\\.)*)'/.exec(message)?.[1];
  const text = json ?? python ?? message.replace(/^(?:Error code: )?\d{3} (?:- )?/, "");
  return text.replaceAll('\\"', '"').slice(0, shownCharacters);
}
