/** Events of a stream of the Responses API in the notation of event streams. */

/** Writes the events of one stream: each with its name, and numbered from 0 without a gap. */
export class EventWriter {
  #sequence = 0;

  /** One event; `members` is JSON text of its members beside type and number, `"name":value,…`. */
  write(type: string, members: string): string {
    const number = this.#sequence++;
    return `event: ${type}\ndata: {"type":"${type}","sequence_number":${number},${members}}\n\n`;
  }
}
