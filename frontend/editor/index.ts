/**
 * The rich-text editor on a live document: ProseMirror with a flat schema, bound to the client library.
 *
 * Owns the view, the mapping between deltas and steps (convert, change, apply), own undo (history), the clipboard
 * (paste, copy, clean), keys and Markdown rules, others' carets and the content's looks (editor.css). It knows the
 * client's document and nothing of connections, and draws no toolbar: the page reads `snapshot` and calls `commands`.
 *
 * Laws: the view shows exactly `document.content` (but for what a running composition holds back), lengths are UTF-16
 * units (A1), a caret is a marker (A8), no surrogate pair is cut (D2), the final newline stays (D3), values are spelt as
 * the server's allowlist wants them (D4), undo touches only own edits (C7).
 *
 * Failures: a change that does not fit the view makes it show the document's content again; a submit that throws does
 * the same and throws on, so that the page can tell.
 */
export { createEditor } from "./editor.js"
export type * from "./types.js"
