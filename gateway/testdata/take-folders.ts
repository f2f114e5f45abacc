/**
 * A process for a test: takes each of some folders at a moment that it shares with others, and keeps what it gets.
 * Arguments: the folder of these folders, named by numbers, their count, and the Unix `ms` of the first; each next is
 * 2 ms later. Writes a 1 for each that it holds and a 0 for each other, and ends when its input does.
 */
import path from "node:path";
import { tryTakeFolder } from "../folder-lock.ts";

const [directory = "", count = "", start = ""] = process.argv.slice(2);
let outcome = "";
for (let index = 0; index < Number(count); index++) {
  // Timers are too coarse to meet in.
  while (Date.now() < Number(start) + index * 2);
  const { kind } = tryTakeFolder(path.join(directory, String(index)), process.pid);
  outcome += kind === "held" ? "1" : "0";
}
process.stdout.write(`${outcome}\n`);
process.stdin.resume();
