/**
 * Where other projects' proxies are installed and which versions are compared: a cache directory,
 * never the project's own dependencies.
 */
import { homedir } from "node:os";
import { join } from "node:path";

/** Versions that the published figures are about. */
export const peerVersions = {
  mitmproxy: "11.0.2",
  mockttp: "4.6.5",
  grpcGo: "1.85.0",
  portkey: "1.15.2",
  litellm: "1.102.4",
} as const;

/** Directories and programs of the installed peers. */
export interface PeerPaths {
  readonly root: string;
  /** Python virtual environment with mitmproxy */
  readonly mitmproxyDirectory: string;
  readonly mitmdump: string;
  /** npm project with mockttp */
  readonly mockttpDirectory: string;
  readonly mockttpModule: string;
  /** Program that is built from `ext-proc-grpc-go` */
  readonly grpcGoServer: string;
  /** npm project with Portkey's gateway */
  readonly portkeyDirectory: string;
  /** Script that Node runs */
  readonly portkeyServer: string;
  /** Python virtual environment with LiteLLM */
  readonly litellmDirectory: string;
  readonly litellm: string;
}

/** Paths below `CLRK_BENCH_PEERS`, else below the user's cache directory; nothing is created. */
export function peerPaths(environment: Readonly<Record<string, string | undefined>>): PeerPaths {
  const cache = environment["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  const root = environment["CLRK_BENCH_PEERS"] || join(cache, "clrk", "bench-peers");
  const mitmproxyDirectory = join(root, "mitmproxy");
  const mockttpDirectory = join(root, "mockttp");
  const portkeyDirectory = join(root, "portkey");
  const portkeyModule = join(portkeyDirectory, "node_modules", "@portkey-ai", "gateway");
  const litellmDirectory = join(root, "litellm");
  return {
    root,
    mitmproxyDirectory,
    mitmdump: join(mitmproxyDirectory, "bin", "mitmdump"),
    mockttpDirectory,
    mockttpModule: join(mockttpDirectory, "node_modules", "mockttp"),
    grpcGoServer: join(root, "ext-proc-grpc-go"),
    portkeyDirectory,
    portkeyServer: join(portkeyModule, "build", "start-server.js"),
    litellmDirectory,
    litellm: join(litellmDirectory, "bin", "litellm"),
  };
}
