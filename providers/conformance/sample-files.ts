/** The smallest files of each sort that cases need, in base64. */

/** A grey picture of one pixel. */
export const pngBase64 =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGOoBwAAgQCA05RTSgAAAABJRU5E" +
  "rkJggg==";

/** The begin and end of a JPEG picture, with nothing between. */
export const jpegBase64 = "/9j/4AAQSkZJRgABAQAAAQABAAD/2Q==";

/** A document without pages. */
export const pdfBase64 =
  "JVBERi0xLjQKMSAwIG9iajw8L1R5cGUvQ2F0YWxvZy9QYWdlcyAyIDAgUj4+ZW5kb2JqCjIgMCBvYmo8PC9U" +
  "eXBlL1BhZ2VzL0tpZHNbXS9Db3VudCAwPj5lbmRvYmoKdHJhaWxlcjw8L1Jvb3QgMSAwIFI+PgolJUVPRg==";

/** A millisecond of silence. */
export const wavBase64 = "UklGRiwAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQgAAACAgICAgICAgA==";
