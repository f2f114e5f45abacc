/** Tests of what a failed INSERT means: rows are set aside only where the fault is theirs. */
import { ClickHouseError } from "@clickhouse/client";
import t from "tap";
import { judgeInsertFailure } from "./insert-failure.ts";

function failure(code: string, message: string) {
  return judgeInsertFailure(new ClickHouseError({ message, code, type: "X" }));
}

t.test("each kind of failure has its consequence", async (t) => {
  t.match(failure("27", "Cannot parse input: secret"), { kind: "poison" });
  t.match(failure("241", "Memory limit"), { kind: "smaller" });
  t.match(failure("243", "Not enough space"), { kind: "again", isDiskFull: true });
  t.match(failure("1001", "std::exception, No space left on device"), { isDiskFull: true });
  t.match(failure("60", "Unknown table"), { kind: "again", isDiskFull: false });
  t.match(judgeInsertFailure(new Error("connect ECONNREFUSED")), { kind: "again" });
});

t.test("no value of a row is in the reason", async (t) => {
  t.notMatch(failure("27", "Cannot parse input: secret"), { text: /secret/ });
});
