/** A context whose home names a real API server, as with `clrk dev`. */
import type { Test } from "tap";
import type { ApiServerOptions } from "../../apiserver/api-server.ts";
import { startApi } from "../../apiserver/testdata/api-rig.ts";
import type { ApiRig } from "../../apiserver/testdata/api-rig.ts";
import { writeOwnKubeconfig } from "./api-target.ts";
import { createFakeContext } from "./fake-context.ts";
import type { FakeContext } from "./fake-context.ts";

export interface ApiContextRig {
  readonly context: FakeContext;
  readonly api: ApiRig;
  /** Creates an object as the admin; Namespaces and Secrets need no kind */
  create(path: string, body: object): Promise<void>;
}

export async function openApiContext(
  t: Test,
  options: Parameters<typeof createFakeContext>[1] & {
    readonly token?: string;
    readonly connected?: ApiServerOptions["connected"];
  } = {},
): Promise<ApiContextRig> {
  const { token, connected, ...rest } = options;
  const api = await startApi(t, { ...(connected && { connected }) });
  const context = await createFakeContext(t, { nowMs: Date.now(), ...rest });
  const user = token === undefined ? {} : { token, user: token.replace("-token", "") };
  await writeOwnKubeconfig(context, api, user);
  return {
    context,
    api,
    create: async (path, body) => {
      const kind = path.endsWith("/namespaces") ? "Namespace" : "Secret";
      const answer = await api.send("POST", path, { body: { apiVersion: "v1", kind, ...body } });
      if (answer.status !== 201) throw new Error(`Cannot create: ${answer.text}`);
    },
  };
}
