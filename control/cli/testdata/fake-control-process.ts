/**
 * Stands for control/main.ts: says its first line and ends with its parent. FAKE_CONTROL sets how it behaves: `fail`,
 * `dies` (after a while, the first time), `reports`.
 */
import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { homeDirectory } from "../../../gateway/home-directory.ts";
import { controlReport } from "../../testdata/control-report.ts";

const behaviour = process.env["FAKE_CONTROL"];
const { root } = homeDirectory(process.env);
const words = join(root, "fake-control.words");

if (behaviour === "fail") {
  console.log(JSON.stringify({ kind: "failed", message: "Cannot keep objects: for a test" }));
  process.exit(1);
}
const isFirst = !existsSync(words);
appendFileSync(words, `${process.argv.slice(2).join(" ")}\n`);
writeFileSync(join(root, "fake-control.pid"), String(process.pid));
process.stdin.resume().on("end", () => process.exit(0));
process.on("SIGTERM", () => process.exit(0));
const [url, kubeconfig, feed] = ["https://127.0.0.1:4321", join(root, "kubeconfig"), join(root, "feed.sock")];
console.log(JSON.stringify({ kind: "listening", url, kubeconfig, feed, pid: process.pid }));
if (behaviour === "reports") {
  console.log("not for us");
  console.log(JSON.stringify({ kind: "report", report: controlReport() }));
}
if (behaviour === "dies" && isFirst) setTimeout(() => process.exit(3), 300);
