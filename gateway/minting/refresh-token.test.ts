/** The refresh token grant against an endpoint that takes each refresh token once, as those that rotate them do. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, readdir } from "node:fs/promises";
import path from "node:path";
import t from "tap";
import type { Test } from "tap";
import type { RefreshTokenRecipe } from "../mint-plan.ts";
import { SecretValue } from "../secret-value.ts";
import { temporaryDirectory } from "../testdata/processes.ts";
import type { GrantFile } from "./grant-file.ts";
import { grantFile } from "./grant-file.ts";
import { refreshTokenMint } from "./refresh-token.ts";
import { dial, failed, minted, openEndpoint, wordOf } from "./testdata/fake-endpoint.ts";
import type { EndpointRequest } from "./testdata/fake-endpoint.ts";

/** `access-N` and `refresh-N` for `refresh-(N-1)`; any that was used before ends the grant. */
function rotation() {
  let count = 0;
  let isEnded = false;
  return ({ form }: EndpointRequest) => {
    isEnded ||= form.get("refresh_token") !== `refresh-${count}`;
    if (isEnded) return { status: 400, body: { error: "invalid_grant" } };
    count++;
    const refresh_token = `refresh-${count}`;
    return { body: { access_token: `access-${count}`, expires_in: 3600, refresh_token } };
  };
}

function recipe(origin: string, more: Partial<RefreshTokenRecipe> = {}): RefreshTokenRecipe {
  return {
    kind: "OAuth2RefreshToken",
    tokenUrl: `${origin}/token`,
    scopes: [],
    parameters: [],
    clientAuthentication: "Basic",
    clientId: new SecretValue("me"),
    refreshToken: new SecretValue("refresh-0"),
    ...more,
  };
}

async function open(t: Test, more: Partial<RefreshTokenRecipe> = {}) {
  const endpoint = await openEndpoint(t, rotation());
  const directory = await temporaryDirectory(t);
  const own = recipe(endpoint.origin, more);
  const grant = grantFile(directory, own);
  const create = (file: GrantFile = grant) => refreshTokenMint(own, { ...dial, grant: file });
  return { endpoint, directory, grant, create };
}

t.test("refreshTokenMint() goes on with the newest token, also after a restart", async (t) => {
  const { create, endpoint } = await open(t, { clientSecret: new SecretValue("s"), scopes: ["a"] });
  const first = create();
  t.equal(wordOf(await minted(first)), "access-1");
  t.equal(wordOf(await minted(first)), "access-2");
  t.equal(wordOf(await minted(create())), "access-3");
  t.match(endpoint.requests[0]?.headers, { authorization: "Basic bWU6cw==" });
  t.same(Object.fromEntries(endpoint.requests[0]?.form ?? []), {
    grant_type: "refresh_token",
    refresh_token: "refresh-0",
    scope: "a",
  });
});

t.test("refreshTokenMint() of a public client names it in the body", async (t) => {
  const { create, endpoint } = await open(t);
  await minted(create());
  t.equal(endpoint.requests[0]?.headers.authorization, undefined);
  t.equal(endpoint.requests[0]?.form.get("client_id"), "me");
});

t.test("refreshTokenMint() that is killed after the write has lost nothing", async (t) => {
  const { create, endpoint, directory } = await open(t);
  const program = path.join(import.meta.dirname, "testdata/killed-refresh.ts");
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", program, `${endpoint.origin}/token`, directory],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const [, signal] = await once(child, "close");
  t.equal(signal, "SIGKILL");
  t.equal(output, "", "the access token was not handed on");
  t.equal(endpoint.requests.length, 1);
  // It also left its lock behind.
  t.equal(wordOf(await minted(create())), "access-2");
});

t.test(
  "refreshTokenMint() hands no token on that it cannot write down, and tries again",
  async (t) => {
    const { create, endpoint, grant } = await open(t);
    let isFull = true;
    const mint = create({
      ...grant,
      async write(token) {
        if (isFull) throw new Error("ENOSPC: no space left on device");
        await grant.write(token);
      },
    });
    t.match(await failed(mint), {
      failure: "storage",
      message: /^the grant of the refresh token cannot be kept: ENOSPC/,
    });
    t.match(await failed(mint), { failure: "storage" });
    isFull = false;
    t.equal(wordOf(await minted(mint)), "access-1", "the same that was given before");
    t.equal(endpoint.requests.length, 1);
    t.equal(wordOf(await minted(mint)), "access-2");
  },
);

t.test("refreshTokenMint() does not say where the user's files are", async (t) => {
  const { create, directory } = await open(t);
  await minted(create());
  const [folder = ""] = await readdir(directory);
  await chmod(path.join(directory, folder, "grant.json"), 0o644);
  const { message } = await failed(create());
  t.match(message, /"\$CLRK_HOME\/grants\/[0-9a-f]{32}\/grant.json": it is open to other users$/);
  t.notMatch(message, directory);
});

t.test("refreshTokenMint() of several processes uses no refresh token twice", async (t) => {
  const { create } = await open(t);
  const words = await Promise.all(
    Array.from({ length: 8 }, async () => wordOf(await minted(create()))),
  );
  t.same(
    words.toSorted(),
    Array.from({ length: 8 }, (_, index) => `access-${index + 1}`),
  );
});

t.test("refreshTokenMint() is not given up half-way", async (t) => {
  const { create, grant } = await open(t);
  const outcome = await create()(AbortSignal.abort());
  t.equal(wordOf(outcome), "access-1");
  t.equal((await grant.read())?.reveal(), "refresh-1");
});

t.test("refreshTokenMint() writes nothing where the endpoint does not rotate", async (t) => {
  const { origin } = await openEndpoint(t, ({ form }) => ({
    body: { access_token: "access", refresh_token: form.get("refresh_token") ?? "" },
  }));
  const grant = grantFile(await temporaryDirectory(t), recipe(origin));
  t.equal(wordOf(await minted(refreshTokenMint(recipe(origin), { ...dial, grant }))), "access");
  t.equal(await grant.read(), undefined);
});
