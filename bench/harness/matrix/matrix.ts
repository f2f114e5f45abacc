/** The whole matrix: starts the fakes, one gateway and every SDK, then leads all calls to one provider after another. */
import { createFakeProvider } from "../fake-provider.ts";
import { startGateway } from "../gateway.ts";
import { gatewayManifest } from "../gateway-manifests.ts";
import type { TestScope } from "../processes.ts";
import { startSdk } from "../clients/sdk-driver.ts";
import { createUpstreamAuthority } from "../upstream-authority.ts";
import { runCells } from "./cells.ts";
import type { Cell } from "./cells.ts";
import { roundManifest } from "./round.ts";
import type { SdkClient } from "./sdk-clients.ts";
import { awsSecretManifest, fakeCredentials, secrets, targets } from "./targets.ts";
import type { Target } from "./targets.ts";

const roundFile = "round.yaml";

/** Which part of the matrix is run; all of it when absent. */
export interface MatrixOptions {
  readonly clients: readonly SdkClient[];
  readonly targets?: readonly Target[];
  /** Hears of every round that is done */
  readonly onRound?: (target: Target, cells: readonly Cell[]) => void;
}

/** Runs it; everything that was started ends with the scope. */
export async function runMatrix(scope: TestScope, options: MatrixOptions): Promise<Cell[]> {
  const { clients, targets: chosen = targets } = options;
  const [first] = chosen;
  if (first === undefined) return [];
  const hosts = targets.map(({ host }) => host);
  const authority = createUpstreamAuthority();
  const certificate = authority.issue(hosts);
  const upstream = await createFakeProvider({ certificate, ...fakeCredentials });
  scope.teardown(() => upstream.close());
  const gateway = await startGateway(scope, {
    manifests: {
      "gateway.yaml": gatewayManifest({
        aliases: [{ port: upstream.port, hostnames: hosts }],
        upstreamCa: authority.certificatePem,
      }),
      "aws.yaml": awsSecretManifest,
      [roundFile]: roundManifest(clients, first),
    },
    secrets,
  });
  const run = await gateway.registerRun("matrix");
  const running = clients.map((client) => ({
    client,
    driver: startSdk(scope, client.program(run.environment)),
  }));
  const cells: Cell[] = [];
  for (const target of chosen) {
    if (target !== first) await gateway.change(roundFile, roundManifest(clients, target));
    const round = await runCells(running, target, upstream);
    options.onRound?.(target, round);
    cells.push(...round);
  }
  return cells;
}
