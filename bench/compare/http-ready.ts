/** Asks a program that was just started whether it serves yet. */

/** True when `url` is answered 2xx, undefined while it is not; for `Program.waitFor()`. */
export async function answersAt(url: string): Promise<true | undefined> {
  try {
    const response = await fetch(url);
    await response.arrayBuffer();
    return response.ok ? true : undefined;
  } catch {
    return undefined; // nobody listens yet; the caller asks again and gives up at its deadline
  }
}
