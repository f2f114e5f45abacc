/** What Envoy's listener manager still has to do before only the newest listeners and filter chains decide. */

import { adminRequest } from "./admin.ts";

/** Gauges that are zero once nothing of older listeners is left; as regular expressions for Envoy and for its answer. */
const gauges =
  "listener_manager\\.total_(?:listeners_warming|listeners_draining|filter_chains_draining)";

const gaugeLine = new RegExp(`^${gauges}: (\\d+)$`);

const gaugeCount = 3;

/**
 * Listeners that wait for what they need and listeners and filter chains whose connections may still go on, together;
 * undefined when Envoy does not answer or does not say so.
 */
export async function unsettledListeners(adminSocket: string): Promise<number | undefined> {
  const filter = encodeURIComponent(`^${gauges}$`);
  const answer = await adminRequest(adminSocket, "GET", `/stats?filter=${filter}`);
  if (answer?.status !== 200) return undefined;
  const values = answer.body.split("\n").flatMap((line) => gaugeLine.exec(line)?.[1] ?? []);
  if (values.length !== gaugeCount) return undefined;
  return values.reduce((sum, value) => sum + Number(value), 0);
}
