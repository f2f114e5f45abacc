/** Walks the table of errors: every code must be usable, stable and safe to show. */
import { inspect } from "node:util";
import t from "tap";
import {
  ClrkError,
  describeError,
  ERROR_CODES,
  errorCodeOf,
  isErrorCode,
  toClrkError,
} from "./errors.ts";

const codes = Object.keys(ERROR_CODES).filter(isErrorCode);

const pinned: Record<string, readonly [number, number]> = {
  CLRK_INVALID_ARGUMENT: [400, 3],
  CLRK_MALFORMED_MESSAGE: [400, 3],
  CLRK_UNAUTHENTICATED: [401, 16],
  CLRK_DENIED: [403, 7],
  CLRK_NOT_FOUND: [404, 5],
  CLRK_PROXY_UNAUTHENTICATED: [407, 16],
  CLRK_ALREADY_EXISTS: [409, 6],
  CLRK_CONFLICT: [409, 10],
  CLRK_PRECONDITION_FAILED: [412, 9],
  CLRK_TOO_LARGE: [413, 8],
  CLRK_INVALID_OBJECT: [422, 3],
  CLRK_LIMIT_EXCEEDED: [429, 8],
  CLRK_ABORTED: [499, 1],
  CLRK_INTERNAL: [500, 13],
  CLRK_ENVOY_UNSUITABLE: [500, 9],
  CLRK_SNAPSHOT_REJECTED: [500, 9],
  CLRK_UNSUPPORTED: [501, 12],
  CLRK_UPSTREAM_FAILED: [502, 14],
  CLRK_UNAVAILABLE: [503, 14],
  CLRK_CLOSED: [503, 14],
  CLRK_ENVOY_NOT_FOUND: [503, 14],
  CLRK_ENVOY_EXITED: [503, 14],
  CLRK_SECRET_UNRESOLVED: [503, 9],
  CLRK_TIMEOUT: [504, 4],
  CLRK_STORAGE_FAILED: [507, 8],
};

t.test("ERROR_CODES keeps every code with its statuses", async (t) => {
  const actual = Object.fromEntries(
    codes.map((code) => [code, [ERROR_CODES[code].status, ERROR_CODES[code].grpcStatus]]),
  );
  t.strictSame(actual, pinned);
});

for (const code of codes) {
  t.test(
    `ClrkError takes statuses and safe text from the table when the code is ${code}`,
    async (t) => {
      const row = ERROR_CODES[code];
      const error = new ClrkError(code, "Cannot do it: broken");
      t.equal(error.code, code);
      t.equal(error.status, row.status);
      t.equal(error.grpcStatus, row.grpcStatus);
      t.equal(error.expose, row.text);
      t.equal(error.message, "Cannot do it: broken");
      t.match(code, /^CLRK_[A-Z]+(_[A-Z]+)*$/);
      t.match(row.text, /^[A-Z][^.]*[^.\s]$/);
      t.ok(row.status >= 400 && row.status < 600);
      t.ok(row.grpcStatus >= 1 && row.grpcStatus <= 16);
    },
  );
}

t.test("ClrkError keeps the cause, the exposed text and the status it is given", async (t) => {
  const cause = new Error("deep");
  const error = new ClrkError("CLRK_DENIED", "Cannot pass", {
    cause,
    expose: "No route",
    status: 451,
  });
  t.equal(error.cause, cause);
  t.equal(error.expose, "No route");
  t.equal(error.status, 451);
  t.equal(error.grpcStatus, 7);
});

t.test("ClrkError has a name that is neither own nor enumerable", async (t) => {
  const error = new ClrkError("CLRK_INTERNAL", "Cannot");
  t.equal(error.name, "ClrkError");
  t.notOk(Object.hasOwn(error, "name"));
  t.notOk(Object.hasOwn(error, "cause"));
  t.same(Object.keys(error).sort(), ["code", "expose", "grpcStatus", "status"]);
  t.match(inspect(error), /^ClrkError: Cannot/);
});

t.test("isErrorCode() rejects names of the prototype", async (t) => {
  t.equal(isErrorCode("CLRK_DENIED"), true);
  for (const name of ["constructor", "__proto__", "toString", "", "CLRK_", "clrk_denied"]) {
    t.equal(isErrorCode(name), false, name);
  }
});

t.test("toClrkError() passes a ClrkError through and wraps anything else", async (t) => {
  const own = new ClrkError("CLRK_TIMEOUT", "Cannot wait");
  t.equal(toClrkError(own), own);
  const foreign = new TypeError("secret internals");
  const wrapped = toClrkError(foreign);
  t.equal(wrapped.code, "CLRK_INTERNAL");
  t.equal(wrapped.message, "secret internals");
  t.equal(wrapped.expose, "The gateway failed");
  t.equal(wrapped.cause, foreign);
});

const described: ReadonlyArray<{ name: string; thrown: unknown; text: string }> = [
  { name: "an error", thrown: new Error("broken"), text: "broken" },
  { name: "an error without a message", thrown: new RangeError(), text: "RangeError" },
  {
    name: "a coded error",
    thrown: Object.assign(new Error("write failed"), { code: "EIO" }),
    text: "write failed (EIO)",
  },
  {
    name: "a code in the text already",
    thrown: Object.assign(new Error("EIO: x"), { code: "EIO" }),
    text: "EIO: x",
  },
  {
    name: "a coded cause",
    thrown: new TypeError("fetch failed", {
      cause: Object.assign(new Error("x"), { code: "ECONNREFUSED" }),
    }),
    text: "fetch failed (ECONNREFUSED)",
  },
  { name: "a string", thrown: "plain", text: "plain" },
  { name: "undefined", thrown: undefined, text: "Not an Error: undefined" },
  { name: "an object", thrown: { secret: "x" }, text: "Not an Error: object" },
];
for (const { name, thrown, text } of described) {
  t.test(`describeError() gives one line when given ${name}`, async (t) => {
    t.equal(describeError(thrown), text);
  });
}

t.test("errorCodeOf() ends when causes form a circle", async (t) => {
  const error = new Error("a");
  error.cause = error;
  t.equal(errorCodeOf(error), undefined);
  t.equal(errorCodeOf(Object.assign(new Error("a"), { code: 5 })), undefined);
  t.equal(errorCodeOf("EIO"), undefined);
});
