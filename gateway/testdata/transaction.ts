/** Builds the facts of a request for tests of policies. */
import type { Transaction } from "../transaction.ts";
import { SecretValue } from "../secret-value.ts";
import { enginePlan } from "./gateway-snapshot.ts";

/** What of a transaction a test says. */
export interface TransactionParts extends Partial<Omit<Transaction, "header" | "credential">> {
  /** By their lower-case names */
  readonly headers?: Readonly<Record<string, string>>;
  /** Values by resource */
  readonly credentials?: Readonly<Record<string, string>>;
}

/** A request to OpenAI's API without headers and credentials, changed as told. */
export function transaction({
  headers = {},
  credentials = {},
  ...changes
}: TransactionParts = {}): Transaction {
  const values = new Map(Object.entries(credentials));
  const fields = new Map(Object.entries(headers));
  return {
    plan: enginePlan(),
    caller: "run:1",
    method: "POST",
    authority: "api.openai.com",
    path: "/v1/chat/completions",
    header: (name) => fields.get(name),
    trace: { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "53995c3f42cd8ad8", parentSpanId: "" },
    limiter: { settle: () => ({ kind: "taken" }), take: () => ({ kind: "taken" }) },
    credential: (resource) => {
      const value = values.get(resource);
      return value === undefined ? undefined : new SecretValue(value);
    },
    outcome: undefined,
    ...changes,
  };
}
