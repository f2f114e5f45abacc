/**
 * HTTP of Node without what comes with it: an `import` of `node:http` asks for all of its exports, and with that loads
 * the client behind `fetch` and `WebSocket`, which nobody here uses and which costs each process 16 MB and 50 ms.
 */

const http = process.getBuiltinModule("node:http");

/** Connections to a server that requests share, as a type. */
export type Agent = InstanceType<typeof http.Agent>;

/** `http.Agent`, for connections that requests share. */
export const Agent: typeof http.Agent = http.Agent;

/** `http.createServer`. */
export const createServer: typeof http.createServer = http.createServer;

/** `http.request`. */
export const request: typeof http.request = http.request;
