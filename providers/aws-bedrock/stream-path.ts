/** Paths of Bedrock's operations. */

/** Whether a path, with or without a query, is that of an operation that streams. */
export function isStreamPath(path: string): boolean {
  const query = path.indexOf("?");
  return (query < 0 ? path : path.slice(0, query)).endsWith("-stream");
}
