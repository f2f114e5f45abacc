/**
 * Stands for gateway/main.ts: says its first line, answers on its control socket, and ends when it is asked to.
 * FAKE_GATEWAY sets how it behaves: `fail`, `crash`, `mute` (never says a line), `stubborn` (does not stop), `dies`
 * (after a while), `problem`, `empty`; more than one with commas between.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { homeDirectory } from "../../../gateway/home-directory.ts";
import { gatewayWith, openFakeControl, statusWith } from "./fake-control.ts";

const behaviour = new Set((process.env["FAKE_GATEWAY"] ?? "").split(","));
const home = homeDirectory(process.env);
const words = process.argv.slice(2);

if (behaviour.has("fail")) {
  console.log(JSON.stringify({ kind: "failed", message: "Cannot serve: for a test" }));
  process.exit(1);
}
if (behaviour.has("crash")) {
  console.error("TypeError: something is undefined");
  process.exit(7);
}
if (behaviour.has("mute")) setInterval(() => {}, 1_000);
else await serve();

async function serve(): Promise<void> {
  const control = await openFakeControl(home);
  const { FAKE_BUNDLE: bundle = "/nowhere/ca-bundle.pem" } = process.env;
  const gateway = gatewayWith({ trust: { bundle, directory: "/nowhere/certs" } });
  const problem = { file: "policy/route.yaml", line: 14, field: "spec", message: "is wrong" };
  control.status = statusWith({
    pid: process.pid,
    directories: words.filter((_, index) => words[index - 1] === "--file"),
    gateways: behaviour.has("empty") ? [] : [gateway],
    problems: behaviour.has("problem") ? [problem] : [],
  });
  const end = () => {
    void control.close().then(() => process.exit(0));
  };
  control.onStop = () => {
    if (behaviour.has("stubborn")) return;
    control.emit({ kind: "stopping", inFlight: 2 });
    // The event must be on its way before the socket closes.
    setTimeout(end, 50);
  };
  process.on("SIGTERM", () => {
    if (!behaviour.has("stubborn")) end();
  });
  if (words.includes("--exit-with-parent")) process.stdin.resume().on("end", end);
  setInterval(() => {}, 1_000);
  writeFileSync(join(home.root, "fake-gateway.pid"), String(process.pid));
  writeFileSync(join(home.root, "fake-gateway.words"), words.join(" "));
  console.error(JSON.stringify({ level: "warn", message: "Something odd", where: "here" }));
  const controlSocket = join(home.run, String(process.pid), "control.sock");
  console.log(JSON.stringify({ kind: "listening", controlSocket }));
  if (behaviour.has("dies")) setTimeout(() => process.exit(3), 300);
}
