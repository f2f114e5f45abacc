import { createServer } from "node:http";
import path from "node:path";
import t from "tap";
import type { Test } from "tap";
import { temporaryDirectory } from "../testdata/processes.ts";
import { unsettledListeners } from "./listener-state.ts";

/** An admin interface that says this; resolves with its socket and what it was asked. */
async function serve(t: Test, body: string, status = 200) {
  const socket = path.join(await temporaryDirectory(t), "admin.sock");
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.writeHead(status).end(body);
  });
  t.teardown(() => void server.close());
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return { socket, asked };
}

const lines = (warming: number, draining: number, chains: number, started = 1) =>
  [
    `listener_manager.total_listeners_warming: ${warming}`,
    `listener_manager.total_listeners_draining: ${draining}`,
    `listener_manager.total_filter_chains_draining: ${chains}`,
    `listener_manager.workers_started: ${started}`,
    "",
  ].join("\n");

t.test("unsettledListeners() sums what waits and what drains", async (t) => {
  const busy = await serve(t, lines(1, 2, 4));
  t.equal(await unsettledListeners(busy.socket), 7);
  t.match(busy.asked[0], /^\/stats\?filter=%5Elistener_manager/);
  const quiet = await serve(t, lines(0, 0, 0));
  t.equal(await unsettledListeners(quiet.socket), 0);
});

t.test("unsettledListeners() does not take silence for an end", async (t) => {
  const few = await serve(t, lines(0, 0, 0).split("\n").slice(1).join("\n"));
  t.equal(await unsettledListeners(few.socket), undefined, "a gauge is missing");
  const starting = await serve(t, lines(0, 0, 0, 0));
  t.equal(await unsettledListeners(starting.socket), undefined, "its threads do not listen yet");
  const failing = await serve(t, lines(0, 0, 0), 500);
  t.equal(await unsettledListeners(failing.socket), undefined);
  t.equal(await unsettledListeners(`${failing.socket}-none`), undefined);
});
