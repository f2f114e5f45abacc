/**
 * Every path that some server could take a request target for: with escapes decoded once and twice, parameters cut off,
 * backslashes as slashes, slashes merged, dot segments resolved. What a policy must hold for is all of them.
 */

/** The readings of a target without its query, each once; the one that RFC 3986 gives is among them. */
export function lenientPaths(target: string): string[] {
  const [path = ""] = target.split(/[?#]/, 1);
  const once = decode(path);
  const readings = [path, once, decode(once), cutParameters(path), decode(cutParameters(path))];
  const forms = readings.flatMap((reading) => {
    const slashes = reading.replaceAll("\\", "/");
    const [beforeNul = ""] = slashes.split("\0", 1);
    return [slashes, cutParameters(slashes), beforeNul];
  });
  return [...new Set(forms.map(resolve))];
}

/** Overlong forms of UTF-8 and `%u` count as what they stand for, as some servers have it. */
function decode(text: string): string {
  return text
    .replace(/%c0%ae/gi, ".")
    .replace(/%c0%af/gi, "/")
    .replace(/%u(?:ff0e|002e)/gi, ".")
    .replace(/%u(?:2215|ff0f|002f)/gi, "/")
    .replace(/%([0-9a-f]{2})/gi, (_, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 16)),
    );
}

/** `;x=1` at the end of a segment, as Java servers have it. */
function cutParameters(text: string): string {
  return text.replace(/;[^/]*/g, "");
}

function resolve(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split(/\/+/)) {
    if (segment === "..") segments.pop();
    else if (segment !== "." && segment !== "") segments.push(segment);
  }
  return `/${segments.join("/")}`;
}
