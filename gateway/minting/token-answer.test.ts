import t from "tap";
import { answerFailure, lifeUntil, readToken, readTokenAnswer } from "./token-answer.ts";

const url = new URL("https://login.example/token?x=hunter2");

function read(body: unknown, status = 200) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return readTokenAnswer(url, {
    kind: "answered",
    status,
    text,
    serverMs: undefined,
    askedNs: 0n,
  });
}

t.test("readTokenAnswer() takes a token with its life", async (t) => {
  const lives = [
    [3600, 3_600_000],
    ["3600", 3_600_000],
    [1, 1000],
    [null, 300_000],
    [undefined, 300_000],
    [1e9, 86_400_000],
  ] as const;
  for (const [expires_in, lifeMs] of lives) {
    const given = read({ access_token: "abc", token_type: "bearer", expires_in });
    t.match(given, { kind: "given", lifeMs }, String(expires_in));
    t.equal(given.kind === "given" && given.accessToken.reveal(), "abc");
  }
  const given = read({ access_token: "abc", expires_in: 5, refresh_token: "next" });
  t.equal(given.kind === "given" && given.refreshToken?.reveal(), "next");
  t.notOk("refreshToken" in read({ access_token: "abc", refresh_token: "" }));
});

const unusable: readonly (readonly [name: string, body: unknown, said: string])[] = [
  ["no JSON", "hunter2", "gave no access_token that can be used"],
  ["a list", ["hunter2"], "gave no access_token that can be used"],
  ["no token", { token: "hunter2" }, "gave no access_token that can be used"],
  [
    "a token with a line end",
    { access_token: "hunter2\n" },
    "gave no access_token that can be used",
  ],
  [
    "an endless token",
    { access_token: "h".repeat(16_385) },
    "gave no access_token that can be used",
  ],
  [
    "another type",
    { access_token: "hunter2", token_type: "mac" },
    "gave a token of another type than Bearer",
  ],
  [
    "a life of zero",
    { access_token: "hunter2", expires_in: 0 },
    "gave an expires_in that is no time",
  ],
  [
    "a life in words",
    { access_token: "hunter2", expires_in: "1h" },
    "gave an expires_in that is no time",
  ],
  [
    "a refresh token that is none",
    { access_token: "hunter2", expires_in: 9, refresh_token: "a b" },
    "gave a refresh_token that cannot be used",
  ],
];

for (const [name, body, said] of unusable) {
  t.test(`readTokenAnswer() uses nothing of an answer with ${name}`, async (t) => {
    t.same(read(body), {
      kind: "failed",
      failure: "malformed",
      message: `token endpoint "login.example" ${said}`,
    });
  });
}

t.test("readTokenAnswer() repeats words of the standard and no others", async (t) => {
  t.match(read({ error: "invalid_grant", error_description: "hunter2" }, 400), {
    failure: "refused",
    message: 'token endpoint "login.example" refused (400 invalid_grant)',
  });
  t.match(read({ error: "hunter2" }, 401), {
    failure: "refused",
    message: 'token endpoint "login.example" refused (401)',
  });
  t.match(read("hunter2", 503), {
    failure: "unavailable",
    message: 'token endpoint "login.example" is not able to answer now (503)',
  });
});

t.test("answerFailure() passes on for how long the endpoint wants to be left alone", async (t) => {
  t.match(answerFailure(url, { status: 429, retryAfterMs: 5 }), {
    failure: "unavailable",
    retryAfterMs: 5,
  });
  t.notOk("retryAfterMs" in answerFailure(url, { status: 400 }));
});

t.test("readToken() and lifeUntil() take nothing that cannot be used", async (t) => {
  t.equal(readToken("a/b+c==")?.reveal(), "a/b+c==");
  for (const value of ["", "a b", "ü", 7, undefined]) t.equal(readToken(value), undefined);
  const nowMs = Date.UTC(2026, 0, 1);
  t.equal(lifeUntil("2026-01-01T01:00:00Z", nowMs), 3_600_000);
  t.equal(lifeUntil("2027-01-01T00:00:00Z", nowMs), 86_400_000);
  for (const value of ["2026-01-01T00:00:00Z", "soon", 7, undefined]) {
    t.equal(lifeUntil(value, nowMs), undefined);
  }
});
