/** What Envoy's listener manager still has to do before only the newest listeners and filter chains decide. */

import { adminRequest } from "./admin.ts";

/**
 * Gauges that are zero once nothing of older listeners is left, and one that is zero until threads listen; as a regular
 * expression for Envoy.
 */
const gauges =
  "listener_manager\\.(?:total_(?:listeners_warming|listeners_draining|filter_chains_draining)|workers_started)";

const gaugeLine = /^listener_manager\.total_\w+: (\d+)$/;

const gaugeCount = 3;

/** Envoy confirms listeners before its threads are there, and until then refuses connections to them. */
const startedLine = "listener_manager.workers_started: 1";

/**
 * Listeners that wait for what they need and listeners and filter chains whose connections may still go on, together;
 * undefined when Envoy does not answer or does not say so, and while nothing listens because its threads have not started.
 */
export async function unsettledListeners(adminSocket: string): Promise<number | undefined> {
  const filter = encodeURIComponent(`^${gauges}$`);
  const answer = await adminRequest(adminSocket, "GET", `/stats?filter=${filter}`);
  if (answer?.status !== 200) return undefined;
  const lines = answer.body.split("\n");
  const values = lines.flatMap((line) => gaugeLine.exec(line)?.[1] ?? []);
  if (values.length !== gaugeCount || !lines.includes(startedLine)) return undefined;
  return values.reduce((sum, value) => sum + Number(value), 0);
}
