/**
 * How many leaf certificates one core mints: `node bench/load/leaf-rate.ts [rounds] [leaves per round]`.
 * Every leaf has a name of its own and ends as PEM, which is what the ADS server sends.
 */
import { createAuthorityCertificate } from "../../certs/authority-certificate.ts";
import { createLeafMinter } from "../../certs/leaf.ts";
import { summarise } from "./statistics.ts";

/** What to measure. */
export interface LeafRateOptions {
  /** At least 1; one round before them warms up and does not count */
  readonly rounds: number;
  /** Leaves in a round, at least 1 */
  readonly leavesPerRound: number;
}

/** Leaves per second of each round, on the thread that calls. */
export function measureLeafRate(options: LeafRateOptions): readonly number[] {
  const nowMs = Date.now();
  const authority = createAuthorityCertificate({
    egressGateway: "bench/leaf-rate",
    nowMs,
    mintFromMs: nowMs,
    lifeMs: 86_400_000,
  });
  const minter = createLeafMinter(authority);
  const rates: number[] = [];
  for (let round = 0; round <= options.rounds; round++) {
    const startNs = process.hrtime.bigint();
    for (let leaf = 0; leaf < options.leavesPerRound; leaf++) {
      minter.mint(`host-${round}-${leaf}.bench.test`, nowMs);
    }
    const seconds = Number(process.hrtime.bigint() - startNs) / 1e9;
    if (round > 0) rates.push(options.leavesPerRound / seconds);
  }
  return rates;
}

if (import.meta.main) {
  const [rounds = 5, leavesPerRound = 20_000] = process.argv.slice(2).map(Number);
  if (![rounds, leavesPerRound].every((count) => Number.isInteger(count) && count > 0)) {
    console.error("Cannot measure leaf rate: wanted whole numbers: [rounds] [leaves per round]");
    process.exit(2);
  }
  const rates = measureLeafRate({ rounds, leavesPerRound });
  const { median, min, max } = summarise(rates);
  const round = (rate: number) => Math.round(rate).toLocaleString("en");
  console.log(`rounds of ${round(leavesPerRound)}: ${rates.map(round).join(" · ")} leaves/s`);
  console.log(
    `median ${round(median)} leaves/s (${(1e6 / median).toFixed(1)} µs each), spread ${round(min)} to ${round(max)}`,
  );
}
