/** Tests of the words for what an API server refuses. */
import t from "tap";
import { refusalOf, unreachableOf, unreadableOf } from "./api-error.ts";
import { targetOf } from "./testdata/api-target.ts";

const target = targetOf({ authorityPem: "", server: { port: 4321 } });

function statusWith(message: string, details: object = {}): object {
  return { kind: "Status", status: "Failure", reason: "Reason", message, details };
}

for (const { status, failure, sentence } of [
  { status: 401, failure: "unauthorized", sentence: "Not known to the API server at" },
  { status: 403, failure: "forbidden", sentence: "Not allowed: it is so" },
  { status: 404, failure: "not-found", sentence: "Not found: it is so" },
  { status: 409, failure: "conflict", sentence: "Refused by the API server: it is so" },
  { status: 410, failure: "expired", sentence: "Refused by the API server: it is so" },
  { status: 422, failure: "invalid", sentence: "Refused as wrong: it is so" },
  { status: 507, failure: "refused", sentence: "Refused by the API server: it is so" },
]) {
  t.test(`refusalOf() of ${status} is ${failure}`, (t) => {
    const error = refusalOf(status, statusWith("it is so"), target);
    t.match(error, { failure, status, reason: "Reason", serverMessage: "it is so", exitCode: 1 });
    t.ok(error.message.startsWith(sentence), error.message);
    t.end();
  });
}

t.test("refusalOf() says where to look for what is not there", async (t) => {
  const said = (message: string) => refusalOf(404, statusWith(message), target).message;
  t.equal(
    said('taskagents.clrk.apoxy.dev "x" not found'),
    'Not found: there is no taskagents "x"\nSee what there is: clrk get taskagents -A',
  );
  t.equal(said('A "x" not found, nor b'), 'Not found: A "x" not found, nor b');
});

t.test("refusalOf() lists the causes, and nothing that moves a terminal", (t) => {
  const causes = [
    { reason: "FieldValueInvalid", message: "must be\u001b[2J positive", field: "spec.requests" },
    { message: "too many" },
    null,
  ];
  const error = refusalOf(422, statusWith('X "a" is invalid: all of it', { causes }), target);
  t.equal(
    error.message,
    'Refused as wrong: X "a" is invalid\n  spec.requests: must be\\x1b[2J positive\n  too many\n  ',
  );
  t.end();
});

t.test("refusalOf() says the status where nothing else was said", (t) => {
  for (const body of ["<html>", undefined, 7, { message: 7 }, []]) {
    t.equal(
      refusalOf(502, body, target).message,
      "Refused by the API server: HTTP status 502",
      JSON.stringify(body),
    );
  }
  t.end();
});

t.test("unreachableOf() keeps what is an ApiError already", (t) => {
  const known = unreadableOf("it is not JSON", target);
  t.equal(unreachableOf(known, target), known);
  const other = unreachableOf("odd", target);
  t.match(other.message, /^Cannot reach the API server at https:\S+: odd\nStart it: clrk dev/);
  t.end();
});
