import t from "tap";
import { CliError, EXIT_CODE } from "./cli-error.ts";

t.test("CliError ends with 1 unless it is told otherwise", (t) => {
  t.equal(new CliError("Cannot do it").exitCode, EXIT_CODE.failed);
  t.equal(new CliError("Cannot do it", { exitCode: EXIT_CODE.usage }).exitCode, 2);
  t.end();
});

t.test("CliError keeps its cause and shows no name of its own in JSON", (t) => {
  const cause = new Error("Disk is full");
  const error = new CliError("Cannot do it", { cause });
  t.equal(error.cause, cause);
  t.equal(error.name, "CliError");
  t.same(Object.keys(error), ["exitCode"]);
  t.end();
});
